package spec

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Request is one message from a network, in our words. A dialect fills it from a frame; it
// holds no reference into the frame. Times are Unix seconds, amounts minor units.
type Request struct {
	MTI      MTI
	Class    Class
	Fields   FieldSet  // which data elements the message carries
	At       time.Time // when it arrived; set at the edge before it is decoded
	Deadline time.Time // past it nothing may be approved; set at the edge
	Link     string    // name of the link it came by; set at the edge
	Policy   *Policy   // what the link's profile decides

	// SignedOff says that the network is signed off: what was answered before is answered again, and nothing is
	// authorized. Set at the edge.
	SignedOff bool

	Card            Card         // DE2; what was asked with, a token as well as a number
	Processing      [6]byte      // DE3
	Amount          Money        // DE4, in Currency
	Currency        Currency     // DE49
	Billing         Money        // DE6, in BillingCurrency
	BillingCurrency Currency     // DE51
	Sent            int64        // DE7 as an instant: Unix seconds, the year found by [SentAt]
	STAN            uint32       // DE11
	LocalTime       uint32       // DE12 hhmmss
	LocalDate       uint16       // DE13 MMDD
	Expiry          uint16       // DE14 YYMM
	MCC             uint16       // DE18
	EntryMode       uint16       // DE22, three digits
	Entry           Entry        // what DE22 means here, by the profile's map
	Condition       uint8        // DE25
	Acquirer        Institution  // DE32
	RRN             RRN          // DE37
	Approval        ApprovalCode // DE38
	ActionCode      [2]byte      // DE39: an advice says what the network answered, 00 is approved
	Terminal        [8]byte      // DE41, trailing spaces dropped
	Merchant        MerchantID   // DE42, trailing spaces dropped
	Conditions      PointFlags   // DE61
	Network         NetworkCode  // DE70
	Original        Original     // DE90
	Replacement     Replacement  // DE95
}

// FieldSet is a set of data elements, 1 to 128.
type FieldSet [2]uint64

// Has says whether data element n is in the set.
func (s FieldSet) Has(n int) bool { return s[(n-1)>>6]&(1<<(uint(n-1)&63)) != 0 } //nolint:gosec // 1..128

// Add puts data element n into the set.
func (s *FieldSet) Add(n int) { s[(n-1)>>6] |= 1 << (uint(n-1) & 63) } //nolint:gosec // 1..128

// Institution is an institution id (DE32, DE33, DE100) as a number, with the zeros on both
// sides dropped: peers pad it either way. Zero is none.
type Institution uint64

// ParseInstitution reads ASCII digits.
func ParseInstitution(digits []byte) Institution {
	var n Institution
	for _, d := range digits {
		n = n*10 + Institution(d-'0')
	}
	for n != 0 && n%10 == 0 {
		n /= 10
	}
	return n
}

// RRN is a retrieval reference number (DE37), trailing spaces dropped, filled up with zero bytes.
type RRN [12]byte

// ApprovalCode is DE38, filled up with zero bytes; all zero is none.
type ApprovalCode [6]byte

// MerchantID is DE42, trailing spaces dropped, filled up with zero bytes.
type MerchantID [15]byte

func (r RRN) String() string          { return text(r[:]) }
func (a ApprovalCode) String() string { return text(a[:]) }
func (m MerchantID) String() string   { return text(m[:]) }

// Real says whether the code stands for an online approval: not empty, blank or zeros.
func (a ApprovalCode) Real() bool {
	for _, c := range a {
		if c != 0 && c != ' ' && c != '0' {
			return true
		}
	}
	return false
}

func text(b []byte) string {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return string(b[:n])
}

// Entry is how the card was read.
type Entry uint8

// The ways of reading a card that a profile's map of DE22 can name.
const (
	EntryUnknown Entry = iota
	EntryKeyed
	EntryStripe
	EntryChip
	EntryContactless
	EntryContactlessStripe
	EntryEcommerce
	EntryDevice // a phone or watch: QUICPay+
	EntryOnFile
	entryEnd
)

var entryNames = [entryEnd]string{"unknown", "keyed", "stripe", "chip", "contactless", "contactless_stripe", "ecommerce", "device", "on_file"}

// String is the name used in profiles.
func (e Entry) String() string {
	if e >= entryEnd {
		return "unknown"
	}
	return entryNames[e]
}

// ParseEntry is the inverse of String.
func ParseEntry(name string) (e Entry, ok bool) {
	for i, n := range entryNames {
		if n == name {
			return Entry(i), true
		}
	}
	return EntryUnknown, false
}

// PointFlags are the positions of DE61 that matter to a decision.
type PointFlags uint8

// Positions 0, 1 and 2 of DE61.
const (
	MailOrTelephone PointFlags = 1 << iota
	Recurring
	PreAuthorization
)

// NetworkCode is DE70: 1 is sign-on.
type NetworkCode uint16

// The network management codes we know.
const (
	SignOn      NetworkCode = 1
	SignOff     NetworkCode = 2
	KeyExchange NetworkCode = 101
	CutOver     NetworkCode = 201
	EchoTest    NetworkCode = 301
)

// Original is DE90 without its MTI, which says nothing reliable, and without the forwarder.
type Original struct {
	Present  bool
	STAN     uint32
	Sent     int64 // Unix seconds; the year found by [SentAt]
	Acquirer Institution
}

// Replacement is DE95: what a partial reversal leaves of the amount.
type Replacement struct {
	Kind   ReplacementKind
	Amount Money // in the original's transaction currency
}

// ReplacementKind says what DE95 holds.
type ReplacementKind uint8

// Absent and zero both reverse in full; a zero head with something behind it is suspicious
// and never guessed at.
const (
	ReplacementAbsent ReplacementKind = iota
	ReplacementZero
	ReplacementAmount
	ReplacementSuspicious
)

// Full says whether the reversal is of the whole amount.
func (r Replacement) Full() bool {
	return r.Kind == ReplacementAbsent || r.Kind == ReplacementZero
}

// Kind is the first two digits of DE3 as a number: 0 purchase, 1 cash, 20 refund, 30 and 31
// balance inquiry.
func (r *Request) Kind() int { return int(r.Processing[0]-'0')*10 + int(r.Processing[1]-'0') }

// Inquiry says whether the request asks for the balance only.
func (r *Request) Inquiry() bool { return r.Kind() == 30 || r.Kind() == 31 }

// Late says whether nothing may be approved any more at this time.
func (r *Request) Late(now time.Time) bool { return !r.Deadline.IsZero() && now.After(r.Deadline) }

// Fingerprint is what must be equal in two messages under one key for the second to be a
// repeat of the first: DE3, 4, 49, 22, 37, 42.
type Fingerprint uint64

// Fingerprint of the request.
func (r *Request) Fingerprint() Fingerprint {
	var b [6 + 8 + 2 + 2 + 12 + 15]byte
	n := copy(b[:], r.Processing[:])
	binary.BigEndian.PutUint64(b[n:], uint64(r.Amount)) //nolint:gosec // a bit pattern
	binary.BigEndian.PutUint16(b[n+8:], uint16(r.Currency))
	binary.BigEndian.PutUint16(b[n+10:], r.EntryMode)
	n += 12
	n += copy(b[n:], r.RRN[:])
	copy(b[n:], r.Merchant[:])
	sum := sha256.Sum256(b[:])
	return Fingerprint(binary.BigEndian.Uint64(sum[:8]))
}

// SentAt is the instant that a date and time without a year (DE7, MMDDhhmmss, UTC) means: the
// latest that is at most one day after the arrival. ok is false when no such date exists.
func SentAt(month, day, hour, minute, second int, arrival time.Time) (unix int64, ok bool) {
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	latest := arrival.Add(24 * time.Hour)
	for year := latest.UTC().Year(); year > latest.Year()-9; year-- {
		t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
		if t.Day() != day {
			continue // 29 February of another year, or 31 April of none
		}
		if !t.After(latest) {
			return t.Unix(), true
		}
	}
	return 0, false
}
