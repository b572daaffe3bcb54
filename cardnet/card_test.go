package cardnet

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNoWayOfPrintingShowsACardNumber(t *testing.T) {
	c := card(t, 42, "2912")
	p := &Purchase{Card: c, Amount: 1}
	load := Load{Cards: []Card{c}}
	books := map[Card]Held{c: {}}
	var out bytes.Buffer
	for _, v := range []any{c, &c, p, *p, load, books, []Card{c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		_ = json.NewEncoder(&out).Encode(v) // not every one can be encoded; what was written counts
		slog.New(slog.NewJSONHandler(&out, nil)).Info("card", "value", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("card", "value", v)
	}
	if s := out.String(); strings.Contains(s, c.digits()) || strings.Contains(s, hex.EncodeToString([]byte(c.digits()))) {
		t.Error("a card number was printed")
	}
	if want := "*" + c.digits()[12:]; c.String() != want {
		t.Errorf("a card reads %s, want %s", c, want)
	}
}

func TestACardNeedsANumberAndAnExpiry(t *testing.T) {
	good := card(t, 42, "2912").digits()
	for name, c := range map[string]struct{ number, expiry string }{
		"too short":      {good[:12], "2912"},
		"too long":       {good + "0000", "2912"},
		"letters":        {good[:15] + "A", "2912"},
		"month thirteen": {good, "2913"},
		"month zero":     {good, "2900"},
		"slash":          {good, "12/29"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewCard(c.number, c.expiry)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if strings.Contains(err.Error(), good[:12]) {
				t.Error("the error holds the number")
			}
		})
	}
	if (Card{}).String() != "no card" {
		t.Error("the zero card has a name")
	}
}

func TestALogHoldsNoCardNumber(t *testing.T) {
	var out bytes.Buffer
	i := newIssuer(t, func(m message) (message, bool) {
		a := reply(m, "00", "731200")
		if m.mti != "0800" {
			a.elements[2] = card(t, 43, "2912").digits() // not the card that was asked for
		}
		return a, false
	})
	n := i.dial(Config{Logger: slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	c := card(t, 42, "2912")
	a, err := n.Authorize(t.Context(), &Purchase{Card: c, Amount: 1})
	if err != nil || len(a.Unexpected) != 1 {
		t.Fatalf("unexpected %v, error %v", a.Unexpected, err)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "DE2 is not the request's") {
		t.Error("the difference was not logged")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&out, verb+verb+verb, a, &a, n.Figures())
	}
	if s := out.String(); strings.Contains(s, c.digits()) || strings.Contains(s, card(t, 43, "2912").digits()) {
		t.Error("a card number was printed")
	}
}
