// Package spec is the language of the switch: what a request asks, what a response
// says and why, whatever the network that carries it writes on the wire.
package spec

// MTI is a message type indicator as its four digits read: 100 is "0100", 1644 is "1644".
type MTI uint16

// String is the four digits.
func (m MTI) String() string {
	return string([]byte{digit(m / 1000), digit(m / 100), digit(m / 10), digit(m)})
}

func digit(n MTI) byte { return byte('0' + n%10) }

// Class says what a message is for. The repeat digit is dropped: 0100 and 0101 are one
// class. A request and the advice of the same thing (0400, 0420) are two.
type Class uint8

// The classes of ISO 8583:1987 that a switch meets.
const (
	ClassUnknown        Class = iota
	Authorization             // 0100, 0101
	AuthorizationAdvice       // 0120, 0121: the network stood in for us
	Financial                 // 0200, 0201: single message
	FinancialAdvice           // 0220, 0221: completion
	FileUpdate                // 0302: stop list, sent by us
	Reversal                  // 0400, 0401
	ReversalAdvice            // 0420, 0421
	Administrative            // 0620
	NetworkManagement         // 0800
	Answer                    // any answer: 0110, 0130, 0210, 0230, 0312, 0410, 0430, 0630, 0810
)

var classOf = map[MTI]Class{
	100: Authorization, 101: Authorization,
	120: AuthorizationAdvice, 121: AuthorizationAdvice,
	200: Financial, 201: Financial,
	220: FinancialAdvice, 221: FinancialAdvice,
	302: FileUpdate, 303: FileUpdate,
	400: Reversal, 401: Reversal,
	420: ReversalAdvice, 421: ReversalAdvice,
	620: Administrative, 621: Administrative,
	800: NetworkManagement, 801: NetworkManagement,
	110: Answer, 130: Answer, 210: Answer, 230: Answer, 312: Answer,
	410: Answer, 430: Answer, 630: Answer, 810: Answer,
}

// Class is what the message is for; [ClassUnknown] for an MTI outside the table.
func (m MTI) Class() Class { return classOf[m] }

// Repeat says whether the sender marks the message as sent again (0101, 0121 …).
func (m MTI) Repeat() bool { return m%2 == 1 }

// Response is the MTI that answers this one: 0100 and 0101 by 0110, 0420 by 0430.
func (m MTI) Response() MTI { return m - m%2 + 10 }

// Advice says whether the message tells us of something done, which is never refused.
func (c Class) Advice() bool {
	switch c {
	case AuthorizationAdvice, FinancialAdvice, ReversalAdvice, Administrative:
		return true
	case ClassUnknown, Authorization, Financial, FileUpdate, Reversal, NetworkManagement, Answer:
		return false
	}
	return false
}

// String is the trade's name of the class.
func (c Class) String() string {
	switch c {
	case Authorization:
		return "authorization"
	case AuthorizationAdvice:
		return "authorization advice"
	case Financial:
		return "financial"
	case FinancialAdvice:
		return "financial advice"
	case FileUpdate:
		return "file update"
	case Reversal:
		return "reversal"
	case ReversalAdvice:
		return "reversal advice"
	case Administrative:
		return "administrative"
	case NetworkManagement:
		return "network management"
	case Answer:
		return "answer"
	case ClassUnknown:
		return "unknown"
	}
	return "unknown"
}
