package clearing

import (
	"errors"
	"fmt"
	"time"
)

// FileID names a clearing file (PDS 3901): type 3, file date YYMMDD, processor 11, sequence 5;
// digits. The zero value is none.
type FileID [25]byte

// The types of a file: its first three digits.
const (
	ToMember     = "001" // for us to load
	FromMember   = "002"
	Verification = "003"
	Settlement   = "004"
)

var errFileID = errors.New("a file id has 25 digits: type 3, date YYMMDD, processor 11, sequence 5")

// ParseFileID takes 25 digits.
func ParseFileID(digits string) (FileID, error) {
	if len(digits) != len(FileID{}) || !allDigits([]byte(digits)) {
		return FileID{}, errFileID
	}
	return FileID([]byte(digits)), nil
}

// MakeFileID puts an id together: the type, the file's date, up to 11 digits of the processor
// (zeros go left) and a sequence number up to 99999.
func MakeFileID(kind string, date time.Time, processor string, sequence int) (FileID, error) {
	if len(kind) != 3 || len(processor) == 0 || len(processor) > 11 || sequence < 0 {
		return FileID{}, errFileID
	}
	return ParseFileID(fmt.Sprintf("%s%s%s%05d", kind, date.Format("060102"), leftZeros(processor, 11), sequence))
}

// String is the 25 digits, empty for none.
func (id FileID) String() string {
	if id == (FileID{}) {
		return ""
	}
	return string(id[:])
}

// Type is the first three digits, such as [ToMember].
func (id FileID) Type() string {
	if id == (FileID{}) {
		return ""
	}
	return string(id[:3])
}

// Date is midnight UTC of the file's date; ok is false when there is no such day.
func (id FileID) Date() (date time.Time, ok bool) {
	if id == (FileID{}) {
		return time.Time{}, false
	}
	unix, ok := dayOf(id[3:9])
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(unix, 0).UTC(), true
}
