package authswitch

import "sekisho/spec"

// call is one message of a connection from its frame to its answer. Calls are used again:
// the writer gives them back once the answer is on the wire.
type call struct {
	conn     *conn
	kind     callKind
	pending  bool   // handed over and not answered yet; guarded by the outbox
	frame    []byte // its own copy, the answer is built from it
	request  spec.Request
	response spec.Response
}

type callKind uint8

const (
	message   callKind = iota // decoded
	rejected                  // not decoded, to be answered by a format error
	keepAlive                 // no message at all, its header is sent back
)

// frameKeepMax is the size above which the copy of a frame is not kept for the next call.
const frameKeepMax = 1 << 10

// Request is the message.
func (k *call) Request() *spec.Request { return &k.request }

// Answer passes the answer to the connection the message came by, or nowhere when that
// connection is gone.
func (k *call) Answer(r spec.Response) { k.conn.answer(k, r) }

// hold takes a copy of the frame.
func (k *call) hold(frame []byte) {
	if cap(k.frame) > frameKeepMax && len(frame) <= frameKeepMax {
		k.frame = nil
	}
	k.frame = append(k.frame[:0], frame...)
}
