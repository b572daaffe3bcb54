package dynamo

import (
	"encoding/binary"

	"sekisho/balance"
)

// Sizes of items, in bytes. DynamoDB takes 400 KB an item, names and key included.
const (
	itemMax   = 380 << 10 // an entry without its snapshot
	inlineMax = 256 << 10 // an entry with its snapshot beside it; a larger one is cut
	pieceSize = 256 << 10
)

// stored is an entry as its item holds it: with its snapshot beside it, or with how many pieces
// the snapshot was cut into.
type stored struct {
	balance.Sealed
	pieces int
	whole  int // bytes of the snapshot that was cut
}

// piecesOf is how many pieces the snapshot of an entry is cut into, 0 when it goes beside it.
func piecesOf(e *balance.Sealed) int {
	if len(e.Snapshot) == 0 || len(e.Body)+len(e.Snapshot) <= inlineMax {
		return 0
	}
	return (len(e.Snapshot) + pieceSize - 1) / pieceSize
}

// encodeEntry is the value of an entry's item: attempt, time, number of pieces, size of the
// snapshot, size of the body, body, and the snapshot when it is not in pieces.
func encodeEntry(e *balance.Sealed) []byte {
	pieces := piecesOf(e)
	room := 40 + len(e.Body)
	if pieces == 0 {
		room += len(e.Snapshot)
	}
	b := sealValue(entryFormat, room)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Attempt))
	b = binary.AppendVarint(b, e.At)
	b = binary.AppendUvarint(b, uint64(pieces)) //nolint:gosec // not negative
	b = binary.AppendUvarint(b, uint64(len(e.Snapshot)))
	b = binary.AppendUvarint(b, uint64(len(e.Body)))
	b = append(b, e.Body...)
	if pieces == 0 {
		b = append(b, e.Snapshot...)
	}
	return stamp(entryKey(e.Log), e.Version, b)
}

// decodeEntry reads the value of an entry's item. The entry keeps parts of b.
func decodeEntry(log string, version uint64, b []byte) (stored, error) {
	key := entryKey(log)
	r, err := openValue(entryFormat, key, version, b)
	if err != nil {
		return stored{}, err
	}
	s := stored{Sealed: balance.Sealed{Log: log, Version: version}}
	s.Attempt, s.At = balance.Attempt(r.fixed64()), r.int()
	s.pieces = r.size()
	snapshot, body := r.size(), r.size()
	s.Body = r.take(body)
	switch {
	case s.pieces > 0:
		s.whole = snapshot
		if want := (snapshot + pieceSize - 1) / pieceSize; r.err == nil && want != s.pieces {
			return stored{}, damaged(key, version, "a snapshot of %d bytes in %d pieces, want %d", snapshot, s.pieces, want)
		}
	case snapshot > 0:
		s.Snapshot = r.take(snapshot)
	}
	return s, r.end(key, version)
}

// encodePiece is the value of piece n, counted from 0.
func encodePiece(e *balance.Sealed, n int) []byte {
	part := e.Snapshot[n*pieceSize : min((n+1)*pieceSize, len(e.Snapshot))]
	return stamp(pieceKey(e, n), uint64(n), append(sealValue(pieceFormat, len(part)), part...)) //nolint:gosec // not negative
}

func decodePiece(e *balance.Sealed, n int, b []byte) ([]byte, error) {
	r, err := openValue(pieceFormat, pieceKey(e, n), uint64(n), b) //nolint:gosec // not negative
	return r.rest, err
}
