package storetest

import (
	"testing"

	"sekisho/balance"
)

func pairPromises() []promise {
	return []promise{
		{"two logs go in together", pairIn},
		{"two logs go in together or not at all", pairAllOrNothing},
	}
}

func pairIn(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	c.in(entry("w1", 1, 1))
	c.want(c.append(entry("w1", 2, 9), entry("w2", 1, 9)), balance.In)
	c.want(c.append(entry("w2", 2, 9), entry("w1", 3, 9)), balance.In)
	c.wantLog("w1", entry("w1", 1, 1), entry("w1", 2, 9), entry("w1", 3, 9))
	c.wantLog("w2", entry("w2", 1, 9), entry("w2", 2, 9))
}

func pairAllOrNothing(t testing.TB, h Harness) {
	c := open(t, h)
	defer c.close()
	c.in(entry("w1", 1, 1), entry("w2", 1, 1))
	c.wantConflict(c.append(entry("w1", 2, 9), entry("w2", 1, 9)), entry("w2", 1, 1))
	c.wantConflict(c.append(entry("w1", 1, 9), entry("w2", 2, 9)), entry("w1", 1, 1))
	c.want(c.append(entry("w1", 2, 9), entry("w2", 3, 9)), balance.Out)
	c.want(c.append(entry("w3", 2, 9), entry("w2", 2, 9)), balance.Out)
	c.wantConflict(c.append(entry("w1", 9, 9), entry("w2", 1, 9)), entry("w2", 1, 1))
	c.wantLog("w1", entry("w1", 1, 1))
	c.wantLog("w2", entry("w2", 1, 1))
	c.wantLog("w3")
	c.in(entry("w1", 2, 3), entry("w2", 2, 3), entry("w3", 1, 3))
}
