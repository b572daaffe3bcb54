//go:build !race

package embedded

// slower is how many times fewer cases are tried where each takes longer.
const slower = 1
