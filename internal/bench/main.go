// Command bench measures the switch beside a bare loop in the same run: the same frames over the
// same connections, the same sync of the same bytes, and no rules. It prints ratios and writes
// bench.json. Absolute figures drift with the machine; the ratios hold.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"time"
)

func main() {
	length := flag.Duration("for", 4*time.Second, "how long each load lasts")
	out := flag.String("out", "bench.json", "where the figures go")
	cards := flag.Int("cards", 20_000, "cards that pay, one a wallet")
	flag.Parse()
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.NumCPU() + 1)
	}
	figures := map[string]any{}
	codec(figures)
	err := line(figures, *cards, *length)
	if err == nil {
		err = table(figures, *length)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		fmt.Printf("%-34s %v\n", name, figures[name])
	}
	text, err := json.MarshalIndent(figures, "", "  ")
	if err == nil {
		err = os.WriteFile(*out, append(text, '\n'), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
