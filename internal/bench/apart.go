package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"sekisho/spec"
)

// errand is a load that a process of its own makes, as app servers and hosts of a network are processes of their
// own: no goroutine of theirs is before one of those that are measured.
type errand struct {
	Addr   string
	Rate   int // a second; 0: as fast as it is answered
	Length time.Duration
	Serial uint64        // where it goes on counting
	Cards  []spec.CardID // app servers: of the wallets w0, w1 …
	PANs   [][8]byte     // a network: the packed numbers that pay
}

// outcome is what became of an errand.
type outcome struct {
	PerSecond float64
	P50, P99  time.Duration
	Serial    uint64
}

// appPriority is how much app servers stand back for what is measured: on a machine of their own they would take
// no processor at all. They get what is left.
const appPriority = 19

// apart runs an errand in a process of its own and waits for it.
func (e *errand) apart() (o outcome, err error) {
	self, err := os.Executable()
	if err != nil {
		return o, err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return o, err
	}
	var out bytes.Buffer
	cmd := exec.Command(self, "-errand")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return o, fmt.Errorf("a load in a process of its own: %w", err)
	}
	return o, json.Unmarshal(out.Bytes(), &o)
}

// runErrand is the other side of apart.
func runErrand() error {
	var e errand
	if err := json.NewDecoder(os.Stdin).Decode(&e); err != nil {
		return err
	}
	var serial atomic.Uint64
	serial.Store(e.Serial)
	var r result
	var err error
	if e.Cards != nil {
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, appPriority); err != nil {
			return err
		}
		r, err = appLoad(&e, &serial)
	} else {
		t := newTemplate(newDialect())
		r, err = pacedLine(e.Addr, &t, e.PANs, &serial, e.Rate, e.Length)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(outcome{r.perSecond, r.p50, r.p99, serial.Load()})
}
