package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
)

func TestAFailedDiskTurnsItRedAndNothingIsAnsweredUntilItEnds(t *testing.T) {
	t.Parallel()
	s := &settings{Dir: filepath.Join(t.TempDir(), "data"), SegmentSize: 256 << 10, Admin: "127.0.0.1:0", Links: []linkSettings{{Name: "jcb", Dialect: "jcb", Listen: "127.0.0.1:0"}}}
	e, err := assemble(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if e.Addr("jcb") == nil || e.Addr("nobody") != nil {
		t.Errorf("jcb listens on %v, nobody on %v", e.Addr("jcb"), e.Addr("nobody"))
	}
	if r := e.readiness(); !r.Ready || r.State != "serving" {
		t.Errorf("before it is %+v", r)
	}
	disk := errors.New("no space left")
	told := make(chan struct{})
	go func() { // the store's writer
		e.diskFailed(disk)
		close(told)
	}()
	if err := <-e.Failed(); !errors.Is(err, disk) {
		t.Errorf("got %v", err)
	}
	if r := e.readiness(); r.Ready || r.State != "failed" {
		t.Errorf("after it is %+v", r)
	}
	select {
	case <-told:
		t.Error("the store goes on before the switch has ended")
	default:
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	<-told
}

func TestClosingIsSafeToDoAgain(t *testing.T) {
	t.Parallel()
	s := &settings{Dir: filepath.Join(t.TempDir(), "data"), SegmentSize: 256 << 10, Admin: "127.0.0.1:0", Links: []linkSettings{{Name: "jcb", Dialect: "jcb", Listen: "127.0.0.1:0"}}}
	e, err := assemble(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Drain(context.Background()); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
