package clearing

import "sekisho/spec"

// message is one kind of record: its type, its function code and what it must have.
type message struct {
	mti, function uint16
	name          string
	must          spec.FieldSet
	tags          []uint16 // private elements it must have
	whole         bool     // nothing but what it must have
}

func (m *message) header() bool  { return m.mti == 1644 && m.function == 689 }
func (m *message) trailer() bool { return m.mti == 1644 && m.function == 690 }

func fieldsOf(numbers ...int) (s spec.FieldSet) {
	for _, n := range numbers {
		s.Add(n)
	}
	return s
}

func with(s spec.FieldSet, numbers ...int) spec.FieldSet {
	for _, n := range numbers {
		s.Add(n)
	}
	return s
}

var (
	frameFields       = fieldsOf(24, 33, 48, 71, 100)
	presentmentFields = fieldsOf(2, 3, 4, 12, 22, 24, 26, 31, 32, 33, 37, 38, 42, 43, 48, 49, 71, 93, 94, 100)
	feeFields         = fieldsOf(3, 4, 24, 25, 33, 48, 49, 71, 93, 94, 100)
	tellingFields     = fieldsOf(24, 33, 71, 100)
	exponents         = []uint16{tagExponents}
)

// messages are the kinds of records, the frequent ones first.
var messages = []message{
	{1240, 200, "first presentment", presentmentFields, exponents, false},
	{1240, 205, "second presentment, full", with(presentmentFields, 30), exponents, false},
	{1240, 280, "second presentment, partial", with(presentmentFields, 30), exponents, false},
	{1442, 450, "first chargeback, full", with(presentmentFields, 25, 30), exponents, false},
	{1442, 453, "first chargeback, partial", with(presentmentFields, 25, 30), exponents, false},
	{1442, 451, "second chargeback, full", with(presentmentFields, 25, 30), exponents, false},
	{1442, 454, "second chargeback, partial", with(presentmentFields, 25, 30), exponents, false},
	{1740, 781, "fee", feeFields, exponents, false},
	{1644, 603, "retrieval request", tellingFields, nil, false},
	{1644, 695, "addendum", tellingFields, nil, false},
	{1644, 691, "error", tellingFields, nil, false},
	{1644, 692, "file rejection", tellingFields, nil, false},
	{1540, 570, "acknowledgment", tellingFields, nil, false},
	{1644, 689, "file header", frameFields, []uint16{tagFile}, true},
	{1644, 690, "file trailer", frameFields, []uint16{tagFile, tagSum, tagCount}, true},
}

// messageOf finds the kind of a record, nil when it is none of ours.
func messageOf(mti, function uint16) *message {
	for i := range messages {
		if m := &messages[i]; m.mti == mti && m.function == function {
			return m
		}
	}
	return nil
}

// knownMTI says whether any kind of record has this message type.
func knownMTI(mti uint16) bool {
	for i := range messages {
		if messages[i].mti == mti {
			return true
		}
	}
	return false
}
