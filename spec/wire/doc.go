// Package wire is what dialects share: a field table in moov's JSON, compiled into a layout
// that takes a frame apart without copying it. moov's MessageSpec stays the definition of
// what the table means; tests hold the layout to it.
package wire
