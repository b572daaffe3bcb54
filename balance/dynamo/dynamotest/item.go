package dynamotest

import (
	"encoding/json"
	"math"
	"strconv"
)

// attribute is a value of an item: a string, a number or bytes.
type attribute struct {
	S *string `json:"S,omitempty"`
	N *string `json:"N,omitempty"`
	B *[]byte `json:"B,omitempty"`
}

func (a attribute) text() string {
	switch {
	case a.S != nil:
		return *a.S
	case a.N != nil:
		return *a.N
	}
	return ""
}

type item map[string]attribute

// What DynamoDB takes, in bytes.
const (
	itemMax        = 400 << 10
	pageMax        = 1 << 20
	transactionMax = 4 << 20
)

// size is what DynamoDB charges an item by: names and values.
func (it item) size() int {
	n := 0
	for name, a := range it {
		n += len(name)
		switch {
		case a.S != nil:
			n += len(*a.S)
		case a.N != nil:
			n += len(*a.N)/2 + 1
		case a.B != nil:
			n += len(*a.B)
		}
	}
	return n
}

// writeUnits are one for each KB begun.
func writeUnits(size int) float64 { return math.Max(1, math.Ceil(float64(size)/1024)) }

// readUnits are one for each 4 KB begun, read consistently.
func readUnits(size int) float64 { return math.Max(1, math.Ceil(float64(size)/4096)) }

// place is the key of an item.
func (it item) place() (pk string, sk uint64, refusal *failure) {
	p, s := it["pk"], it["sk"]
	if p.S == nil || *p.S == "" || s.N == nil {
		return "", 0, invalid("The provided key element does not match the schema")
	}
	sk, err := strconv.ParseUint(*s.N, 10, 64)
	if err != nil {
		return "", 0, invalid("sk %q is no whole number", *s.N)
	}
	return *p.S, sk, nil
}

func keyItem(pk string, sk uint64) item {
	n := strconv.FormatUint(sk, 10)
	return item{"pk": attribute{S: &pk}, "sk": attribute{N: &n}}
}

// capacity is what a call reports to have consumed.
type capacity struct {
	TableName     string
	CapacityUnits float64
}

// keysOf finds the partition keys a request is about, whatever else is in it.
func keysOf(operation string, body []byte) []string {
	var in struct {
		Item, Key     item
		TransactItems []struct{ Put struct{ Item item } }
		Values        item `json:"ExpressionAttributeValues"`
	}
	if json.Unmarshal(body, &in) != nil {
		return nil
	}
	switch operation {
	case "PutItem":
		return []string{in.Item["pk"].text()}
	case "GetItem":
		return []string{in.Key["pk"].text()}
	case "Query":
		return []string{in.Values[":p"].text()}
	}
	var keys []string
	for _, t := range in.TransactItems {
		keys = append(keys, t.Put.Item["pk"].text())
	}
	return keys
}
