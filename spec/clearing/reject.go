package clearing

import "fmt"

// Reason says why a file is refused as a whole. Nothing of a refused file has an effect.
type Reason string

// The reasons to refuse a file.
const (
	Empty          Reason = "empty"           // it has no byte
	NotClearing    Reason = "not-clearing"    // it does not begin like a clearing file
	Structure      Reason = "structure"       // its bytes, fields or elements are not as they must be
	UnknownMessage Reason = "unknown-message" // a record is of a kind that is not in the layout
	BadHeader      Reason = "header"          // the first record is no header, or there is a second one
	BadTrailer     Reason = "trailer"         // the last record is no trailer, or it is of another file
	BadNumber      Reason = "number"          // DE71 does not count up by one
	BadCount       Reason = "count"           // PDS 3903 is not the number of records
	BadTotal       Reason = "total"           // PDS 3902 is not the sum of DE4
	BadType        Reason = "type"            // PDS 3901 says that the file is not one to a member
	Duplicate      Reason = "duplicate"       // the file was taken before
)

// Reject is the error about a file that is refused.
type Reject struct {
	Reason Reason
	Record uint32 // which record, the header is 1; 0 when it is no record's fault
	Offset int64  // in the file, of the first byte that is wrong
	Detail string // what was expected and what is there; no value of a field that could hold a card number
}

// Error names the reason, the record, the offset, and what was expected and found.
func (r *Reject) Error() string {
	where := ""
	if r.Record > 0 {
		where = fmt.Sprintf("record %d, ", r.Record)
	}
	return fmt.Sprintf("clearing file refused: %s: %soffset %d: %s", r.Reason, where, r.Offset, r.Detail)
}

// broken is a structure fault at an offset in its record; the reader adds where the record is.
func broken(offset int, format string, args ...any) *Reject {
	return &Reject{Reason: Structure, Offset: int64(offset), Detail: fmt.Sprintf(format, args...)}
}
