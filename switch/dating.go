package authswitch

import "time"

// dating finds out since when the frames of a read may have been waiting. While the reader
// pauses, the kernel keeps what arrives and says nothing of its age; so what is read after a
// pause is taken to be as old as it can be: it arrived after the socket was last seen empty.
type dating struct {
	read   time.Time // of the last read
	at     time.Time // since when what it brought may have been waiting
	empty  time.Time // when the socket was last seen empty
	behind bool      // there was a pause, and the socket was not seen empty since
}

// begin dates the connection's beginning, when nothing was waiting yet.
func (d *dating) begin(now time.Time) { d.read, d.at, d.empty = now, now, now }

// pause says that the reader left the socket alone for a while.
func (d *dating) pause() { d.behind = true }

// How long a read must take to show that it waited for bytes, and did not only copy what was there
// while the machine was busy. After a pause more is asked for: a mistake would make old frames look
// fresh.
const (
	waitedMin       = time.Millisecond
	waitedMinBehind = time.Second
)

// took says that a read has ended which began at from; drained when it brought less than it could
// have. A read that waited found the socket empty, and what it brought has just come.
func (d *dating) took(from, now time.Time, drained bool) {
	d.read, d.at = now, now
	if took := now.Sub(from); took >= waitedMinBehind || (took >= waitedMin && !d.behind) {
		d.empty, d.behind = now, false
	}
	if d.behind {
		d.at = d.empty
	}
	if drained {
		d.empty, d.behind = now, false
	}
}
