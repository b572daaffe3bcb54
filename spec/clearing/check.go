package clearing

import (
	"errors"
	"io"
)

// checkedMax is how many records are read between two questions whether to go on.
const checkedMax = 4096

// Check reads a whole file and says what it comes to. It holds that the file is one to a member,
// too, and with parts that PDS 3990 is nn/mm where it stands; else it can be anything. The error is a
// *Reject, that of the source, or that of ctx, a context.Context: this package never waits, so that all
// it asks is whether to go on. Progress, when not nil, is told every few thousand records and at the end
// how many bytes and detail records were read. No card is made of any number.
func Check(ctx interface{ Err() error }, r io.Reader, parts bool, progress func(bytes int64, records uint32)) (Totals, error) {
	reader := NewReader(r, nil)
	reader.image.private.parts = parts
	for n := 0; ; n++ {
		err := reader.advance()
		if n == 0 && err == nil {
			err = reader.toMember()
		}
		if progress != nil && (err != nil || n%checkedMax == checkedMax-1) {
			progress(reader.base+int64(reader.lo), reader.totals.Records)
		}
		if errors.Is(err, io.EOF) {
			return reader.Totals(), nil
		}
		if err == nil && n%checkedMax == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return reader.Totals(), err
		}
	}
}

// toMember holds that the header, just read, is that of a file to a member.
func (r *Reader) toMember() error {
	if kind := r.header.FileID.Type(); kind != ToMember {
		return r.atImage(refuse(BadType, r.image.private.offset(&r.image, tagFile), "PDS 3901: expected type %s, a file to a member, found %s", ToMember, kind))
	}
	return nil
}
