package storetest

import (
	"encoding/binary"
	"math/rand/v2"

	"sekisho/balance"
	"sekisho/spec"
)

// entry makes entry v of a log. Entries of different logs, versions or attempts differ in
// everything; the same arguments give the same entry.
func entry(log string, v uint64, attempt balance.Attempt) balance.Sealed {
	body := append([]byte("entry of "), log...)
	body = binary.BigEndian.AppendUint64(body, v)
	body = binary.BigEndian.AppendUint64(body, uint64(attempt))
	return balance.Sealed{Log: log, Version: v, Attempt: attempt, At: 1_700_000_000_000 + int64(v), Body: body} //nolint:gosec // small
}

// history makes entries 1 to n of a log.
func history(log string, n uint64) []balance.Sealed {
	var entries []balance.Sealed
	for v := uint64(1); v <= n; v++ {
		entries = append(entries, entry(log, v, balance.Attempt(v*7919)))
	}
	return entries
}

// noise is n bytes that no store can have by chance.
func noise(seed uint64, n int) []byte {
	random := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 1})
	b := make([]byte, n)
	random.Read(b) //nolint:errcheck // never fails
	return b
}

// row makes the directory row of a made-up number.
func row(n byte, log string, kind balance.RowKind) balance.Row {
	return balance.Row{Hash: spec.CardHash(noise(uint64(n), 32)), Card: spec.CardID(noise(1000+uint64(n), 12)), Log: log, Kind: kind}
}
