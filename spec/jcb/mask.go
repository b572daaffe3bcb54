package jcb

import (
	"sekisho/spec"
	"sekisho/spec/wire"
)

// run is a part of a value: digits of a packed field, else characters or bytes.
type run struct{ from, to int }

// maskable says whether a field holds card data at all: of such a field nothing is shown
// when it is wrong.
func maskable(field int) bool {
	switch field {
	case 2, 35, 36, 45, 48, 52, 55, 120:
		return true
	}
	return false
}

// cover hides what card data may have run into. In a message that does not decode, a length
// in front of a track or of a group of elements may be the one that is wrong, and a bit of
// the bitmap may be missing: what is read after it is then not what its name says.
type cover struct {
	wrong  bool // the message does not decode
	passed bool // a field of variable length that holds card data was read
	lost   bool // nothing that follows can be trusted
}

func newCover(m *wire.Message, err *spec.FieldError) *cover {
	c := &cover{wrong: err != nil}
	// A message of a kind that carries a card number, in which none was read, may carry it
	// where something else was read.
	c.lost = c.wrong && carriesCard(m.MTI) && !m.Fields.Has(2)
	return c
}

// carriesCard goes by the second digit: all but file updates, administrative and network
// management messages.
func carriesCard(mti spec.MTI) bool {
	switch mti / 100 % 10 {
	case 3, 6, 8:
		return false
	}
	return true
}

// pass tells the cover of a field that was read.
func (c *cover) pass(field int, broken bool) {
	switch field {
	case 35, 36, 45, 48, 55, 120: // not 2, whose length is checked well
		c.passed = true
		c.lost = c.lost || broken
	}
}

// hides says whether a field must not be shown: one that is only bytes or unchecked text
// could hold anything.
func (c *cover) hides(field int) bool {
	if !c.wrong || c.lost {
		return c.wrong
	}
	switch field {
	case 44, 52, 60, 61, 63, 64, 96, 101, 127, 128:
		return c.passed
	}
	return false
}

// maskedRuns are the parts of a field's value that nobody may see. They are found by
// position, never by looking for something like a card number: a track's separator can be
// any digit.
func maskedRuns(field int, value []byte) []run {
	all := run{0, len(value)}
	switch field {
	case 2:
		if len(value) < 16 {
			return []run{all}
		}
		return []run{{6, len(value) - 4}}
	case 35, 36, 45, 52:
		return []run{all}
	case 48:
		return privateRuns(value)
	case 55:
		if !chipReads(value) { // what looks like a tag could be the middle of a number
			return []run{all}
		}
		return chipRuns(value, 0)
	case 120: // character 1 is the action, the number follows
		if len(value) > 1 {
			return []run{{1, len(value)}}
		}
	}
	return nil
}

// privateRuns are the card data in DE48. From where its tags cannot be followed any more
// everything is blanked.
func privateRuns(value []byte) []run {
	var runs []run
	for at := 0; at < len(value); {
		t, ok := nextPrivateTag(value[at:])
		if !ok {
			return append(runs, run{at, len(value)})
		}
		switch t.id {
		case 1, 2, 21: // CVV2, authentication value, card data
			runs = append(runs, run{at + t.body, at + t.end})
		}
		at += t.end
	}
	return runs
}

// chipReads says whether DE55 can be read as elements to its end, those inside others as well.
func chipReads(value []byte) bool {
	for at := 0; at < len(value); {
		t, ok := nextChipTag(value[at:])
		if !ok || t.constructed && !chipReads(value[at+t.body:at+t.end]) {
			return false
		}
		at += t.end
	}
	return true
}

// chipRuns are the card data in elements that can be read, whose first byte is at this offset of DE55.
func chipRuns(value []byte, offset int) []run {
	var runs []run
	for at := 0; at < len(value); {
		t, _ := nextChipTag(value[at:])
		switch {
		case secretChipTag(t.id):
			runs = append(runs, run{offset + at + t.body, offset + at + t.end})
		case t.constructed:
			runs = append(runs, chipRuns(value[at+t.body:at+t.end], offset+at+t.body)...)
		}
		at += t.end
	}
	return runs
}

// secretChipTag names the number (5A) and what repeats a track (56, 57, 9F1F, 9F20, 9F6B).
func secretChipTag(id uint32) bool {
	switch id {
	case 0x5A, 0x56, 0x57, 0x9F1F, 0x9F20, 0x9F6B:
		return true
	}
	return false
}

// privateTag is one element of DE48: two digits of tag, two of length, in characters.
type privateTag struct{ id, body, end int }

// nextPrivateTag reads the element at the front of b, in EBCDIC or ASCII.
func nextPrivateTag(b []byte) (t privateTag, ok bool) {
	if len(b) < 4 {
		return t, false
	}
	var n [4]int
	for i, c := range b[:4] {
		if c&0xF0 != 0xF0 && c&0xF0 != 0x30 || c&0x0F > 9 || c&0xF0 != b[0]&0xF0 {
			return t, false
		}
		n[i] = int(c & 0x0F)
	}
	t = privateTag{id: n[0]*10 + n[1], body: 4, end: 4 + n[2]*10 + n[3]}
	return t, t.end <= len(b)
}
