// Command bench measures the switch beside a bare loop in the same run: the same frames over the
// same connections, the same sync of the same bytes, and no rules. It prints ratios and writes
// bench.json. Absolute figures drift with the machine; the ratios hold. Flags choose a part:
//
//	go run ./internal/bench -only clearing
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
	out := flag.String("out", "bench.json", "where the figures go, all parts of them")
	cards := flag.Int("cards", 20_000, "cards that pay, one a wallet")
	records := flag.Int("records", 1_000_000, "records of the clearing file")
	only := flag.String("only", "", "the one part to measure: codec, line, table, wallet or clearing; its figures are printed, none are written")
	profiles := flag.String("profiles", "", "a directory for profiles of the clearing loads")
	apart := flag.Bool("errand", false, "make the load that stands on standard input, for a bench that runs")
	flag.Parse()
	if *apart {
		if err := runErrand(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.NumCPU() + 1)
	}
	defer runtime.KeepAlive(make([]byte, 64<<20)) // both as serve has it
	figures := map[string]any{}
	measured := false
	for _, part := range []struct {
		name    string
		measure func() error
	}{
		{"codec", func() error { return codec(figures) }},
		{"line", func() error { return line(figures, *cards, *length) }},
		{"table", func() error { return table(figures, *length) }},
		{"wallet", func() error { return walletLoads(figures, *length) }},
		{"clearing", func() error { return clearingLoads(figures, *records, *profiles) }},
	} {
		if *only != "" && *only != part.name {
			continue
		}
		measured = true
		if err := part.measure(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
	if !measured {
		fmt.Fprintf(os.Stderr, "bench: -only %s: there is no such part; see -help\n", *only)
		os.Exit(2)
	}
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		fmt.Printf("%-34s %v\n", name, figures[name])
	}
	if *only != "" {
		return
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
