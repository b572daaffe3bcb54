package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
)

// peak is the most memory that the process has had resident since it was started.
type peak struct {
	before int64 // bytes resident then
	err    error
}

// startPeak gives back what is free and begins anew. It needs Linux.
func startPeak() peak {
	debug.FreeOSMemory()
	err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600)
	before := int64(0)
	if err == nil {
		before, err = memoryStatus("VmRSS:")
	}
	return peak{before, err}
}

// figures are the peak, and how much of it came since the start: the store and the book held their wallets
// before.
func (p peak) figures(figures map[string]any, name string) {
	most := int64(0)
	if p.err == nil {
		most, p.err = memoryStatus("VmHWM:")
	}
	if p.err != nil {
		figures[name+"_peak_mb"] = "not measured: " + p.err.Error()
		return
	}
	figures[name+"_peak_mb"], figures[name+"_peak_above_mb"] = most>>20, (most-p.before)>>20
}

// memoryStatus is a line of /proc/self/status, in bytes.
func memoryStatus(field string) (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if f := bytes.Fields(line); len(f) == 3 && string(f[0]) == field {
			kilobytes, err := strconv.ParseInt(string(f[1]), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no %s", field)
}

// startProfile begins to write the processor profile name.pprof into a directory; stop ends it and writes
// name.heap.pprof, what is in use then. Without a directory they do nothing.
func startProfile(dir, name string) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(filepath.Join(dir, name+".pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(dir, name+".heap.pprof"))
		if err != nil {
			return errors.Join(err, f.Close())
		}
		runtime.GC() // the profile is that of the last collection
		return errors.Join(pprof.WriteHeapProfile(heap), heap.Close(), f.Close())
	}, nil
}
