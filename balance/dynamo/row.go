package dynamo

import (
	"sekisho/balance"
	"sekisho/spec"
)

// encodeRow is the value of a directory row: card, kind, name of the log.
func encodeRow(r *balance.Row) []byte {
	b := sealValue(rowFormat, len(r.Card)+1+len(r.Log))
	b = append(append(b, r.Card[:]...), byte(r.Kind))
	return stamp(cardKey(r.Hash), 0, append(b, r.Log...))
}

func decodeRow(hash spec.CardHash, b []byte) (balance.Row, error) {
	key := cardKey(hash)
	r, err := openValue(rowFormat, key, 0, b)
	if err != nil {
		return balance.Row{}, err
	}
	row := balance.Row{Hash: hash}
	copy(row.Card[:], r.take(len(row.Card)))
	row.Kind = balance.RowKind(r.byte())
	row.Log = string(r.take(len(r.rest)))
	if r.err == nil && (len(row.Log) < 1 || len(row.Log) > balance.LogNameMax) {
		return balance.Row{}, damaged(key, 0, "it leads to a log with a name of %d bytes", len(row.Log))
	}
	return row, r.end(key, 0)
}
