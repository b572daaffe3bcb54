package main

import (
	"testing"
	"time"

	"sekisho/spec"
	"sekisho/spec/jcb"
)

// codec measures decoding a request and building its answer, one message at a time.
func codec(figures map[string]any) error {
	d := newDialect()
	t := newTemplate(d)
	frame := t.append(nil, [8]byte{0x35, 0x40, 0x12, 0, 0, 0, 0, 0x15}, 1)[4:]
	at := time.Now()
	decode := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		var r spec.Request
		for b.Loop() {
			r.At = at
			if err := d.Decode(frame, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
	answer := spec.Response{Reason: spec.Approved, Approval: spec.ApprovalCode{'1', '2', '3', '4', '5', '6'}}
	reply := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			dst = d.AppendReply(dst[:0], frame, answer)
		}
	})
	figures["decode_ns"], figures["decode_allocs"] = decode.NsPerOp(), decode.AllocsPerOp()
	figures["reply_ns"], figures["reply_allocs"] = reply.NsPerOp(), reply.AllocsPerOp()
	return nil
}

func newDialect() *jcb.Dialect {
	hasher, err := spec.NewHasher(make([]byte, 32))
	if err != nil {
		panic(err) // 32 bytes are enough
	}
	d, err := jcb.New(hasher)
	if err != nil {
		panic(err) // the built-in data is wrong
	}
	return d
}
