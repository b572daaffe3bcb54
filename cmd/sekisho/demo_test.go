package main

import (
	"bytes"
	"strings"
	"testing"

	"sekisho/cardnet"
)

func TestTheLastSecondIsShownAlsoWhenTheLoadHasEnded(t *testing.T) {
	t.Parallel()
	for range 20 { // either may be seen first
		var screen bytes.Buffer
		s := &stage{screen: &screen, networks: make([]*cardnet.Network, 2)}
		seconds, done := make(chan [2]cardnet.Figures, 2), make(chan struct{})
		seconds <- [2]cardnet.Figures{{Messages: 400, Inquiries: 7}}
		seconds <- [2]cardnet.Figures{{Messages: 600, Inquiries: 8}}
		close(done)
		s.watch(seconds, done)
		if !strings.HasPrefix(screen.String(), "   1s   1,000 messages ") || !strings.Contains(screen.String(), "balances 15 ") {
			t.Fatalf("it shows %q", &screen)
		}
	}
}
