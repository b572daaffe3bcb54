package authswitch

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

// logOf runs a conversation and returns the lines that the switch logged.
func logOf(t *testing.T, level slog.Level, handler Handler, talk func(*peer)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	s, err := New(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level})), handler, nil,
		LinkConfig{Name: "net", Dialect: &plain{}})
	if err != nil {
		t.Fatal(err)
	}
	hall := newHall()
	served := make(chan error, 1)
	go func() { served <- s.Serve("net", hall) }()
	ours, theirs := net.Pipe()
	hall.conns <- theirs
	talk(newPeer(t, ours, Length2Zero2))
	s.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	var lines []map[string]any
	for text := range strings.Lines(out.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func messages(lines []map[string]any) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line["level"].(string) + " " + line["msg"].(string) + "\n")
	}
	return b.String()
}

func TestADecisionIsALineAtDebugAndAnUndecidedMessageOneAtError(t *testing.T) {
	decide := handlerFunc(func(batch []spec.Call) {
		for _, call := range batch {
			reason := spec.Approved
			if call.Request().STAN == 2 {
				reason = spec.StoreUnavailable
			}
			call.Answer(spec.Response{Reason: reason})
		}
	})
	talk := func(p *peer) {
		p.send(purchase(1), purchase(2))
		p.expect(answered{"0110", 1, spec.Approved}, answered{"0110", 2, spec.StoreUnavailable})
	}
	for level, want := range map[slog.Level]string{
		slog.LevelDebug: "INFO connection opened\nDEBUG decision\nERROR decision\nINFO connection closed\n",
		slog.LevelInfo:  "INFO connection opened\nERROR decision\nINFO connection closed\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			if got := messages(logOf(t, level, decide, talk)); got != want {
				t.Errorf("at %v the log is\n%swant\n%s", level, got, want)
			}
		})
	}
}

func TestABadFrameIsLoggedByPlaceOnlyAndNotWithoutLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bad = 100
		lines := logOf(t, slog.LevelInfo, approveAll{}, func(p *peer) {
			for i := range bad {
				p.send(frame("0100", i, 0, badField))
				p.expect(answered{"0110", i, spec.FormatError})
			}
			time.Sleep(time.Second)
			p.send(frame("0100", bad, 0, badField))
			p.expect(answered{"0110", bad, spec.FormatError})
		})
		var warnings []map[string]any
		for _, line := range lines {
			if line["level"] == "WARN" {
				warnings = append(warnings, line)
			}
		}
		if len(warnings) != throttleMax+1 {
			t.Fatalf("%d lines for %d bad frames in one second and one in the next, want %d", len(warnings), bad, throttleMax+1)
		}
		last := warnings[throttleMax]
		if last["cause"] != "DE48 at offset 23: expected something better" || last["left_out"] != float64(bad-throttleMax) {
			t.Errorf("the last line is %v", last)
		}
	})
}
