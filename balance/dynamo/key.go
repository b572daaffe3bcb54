package dynamo

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"sekisho/balance"
	"sekisho/spec"
)

// The table has a string partition key pk and a number sort key sk:
//
//	w#<log>                            sk 1, 2, 3 …  entry sk of a log
//	p#<log>#<version>#<attempt>#<n>    sk n          piece n of a snapshot that does not fit beside its entry
//	c#<hash of a number>               sk 0          directory row
//	meta                               sk 0          which card key the hashes are under
//
// A piece names the attempt it belongs to, so two nodes that race for a version never write the
// same piece. What the loser wrote stays behind: nothing leads to it, it costs storage and no more.
const (
	entryPrefix = "w#"
	piecePrefix = "p#"
	cardPrefix  = "c#"
	metaKey     = "meta"

	partitionName = "pk"
	sortName      = "sk"
	valueName     = "b"
)

func entryKey(log string) string { return entryPrefix + escape(log) }

func cardKey(hash spec.CardHash) string {
	return cardPrefix + base64.RawURLEncoding.EncodeToString(hash[:])
}

func pieceKey(e *balance.Sealed, n int) string {
	return fmt.Sprintf("%s%s#%020d#%016x#%d", piecePrefix, escape(e.Log), e.Version, uint64(e.Attempt), n)
}

func number(v uint64) string { return strconv.FormatUint(v, 10) }

// escape makes a string that DynamoDB takes as a key of a log's name, which may be any bytes:
// printable ASCII stays as it is, everything else and % become %XX.
func escape(log string) string {
	const digits = "0123456789ABCDEF"
	plain := true
	for i := range len(log) {
		plain = plain && isPlain(log[i])
	}
	if plain {
		return log
	}
	b := make([]byte, 0, 3*len(log))
	for i := range len(log) {
		if c := log[i]; isPlain(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(b)
}

func isPlain(c byte) bool { return c >= ' ' && c <= '~' && c != '%' }

// unescape is the log that escape made key of.
func unescape(key string) (log string, ok bool) {
	b := make([]byte, 0, len(key))
	for i := 0; i < len(key); i++ {
		if key[i] != '%' {
			b = append(b, key[i])
			continue
		}
		if i+2 >= len(key) {
			return "", false
		}
		c, err := strconv.ParseUint(key[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(c))
		i += 2
	}
	return string(b), len(b) >= 1 && len(b) <= balance.LogNameMax && escape(string(b)) == key
}
