package scenario

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/wire"
)

// open makes a wallet: wallet alice posted 2000, card A expiry 2912 allocated 2000, card B …
func (w *world) open(name, rest string) {
	o := balance.Opening{Log: name, Program: "prepaid", Currency: spec.JPY}
	for i, part := range strings.Split(rest, ",") {
		words := strings.Fields(part)
		if i == 0 {
			for j := 1; j+1 < len(words); j += 2 {
				if words[j] == "posted" {
					o.Posted = spec.Money(w.integer(words[j+1]))
				}
			}
			continue
		}
		c := w.card(words[1])
		oc := balance.OpeningCard{ID: c.id, Status: balance.CardActive, Issued: balance.Issued{Expiry: 9912}}
		c.expiry = "9912"
		for j := 2; j+1 < len(words); j += 2 {
			switch words[j] {
			case "allocated":
				oc.Allocated = spec.Money(w.integer(words[j+1]))
			case "expiry":
				oc.Issued.Expiry, c.expiry = uint16(w.integer(words[j+1])), words[j+1]
			case "status":
				oc.Status, _ = balance.ParseCardStatus(words[j+1])
			case "token":
				t := w.card(words[j+1])
				t.id, t.expiry, t.token = c.id, c.expiry, true
				oc.Tokens = append(oc.Tokens, w.hasher.Hash([]byte(t.pan)))
			}
		}
		oc.Number = w.hasher.Hash([]byte(c.pan))
		o.Cards = append(o.Cards, oc)
	}
	if err := o.Check(); err != nil {
		w.t.Fatal(err)
	}
	w.post(name, o.Events(balance.CallKey("story", name), 1, balance.Actor{Kind: balance.ActorOperator, Name: "story"}), o.Rows())
}

// change sets the status of a card.
func (w *world) change(name, status string) {
	s, ok := balance.ParseCardStatus(status)
	if !ok {
		w.t.Fatalf("status %q", status)
	}
	c := w.card(name)
	w.post(w.logOf(c), []balance.Event{{Kind: balance.CardChanged, Card: c.id, Status: s}}, nil)
}

// cleared posts to the purchase of a STAN what a clearing record would, and says where it stands then.
func (w *world) cleared(words []string) {
	c := w.card(words[0])
	states := map[string]balance.State{
		"open": balance.Open, "settled": balance.Settled, "partly_settled": balance.PartlySettled, "unsettled": balance.Unsettled,
	}
	amount := spec.Money(w.integer(words[3]))
	e := balance.Event{
		Kind: balance.Presented, Card: c.id, Counter: balance.Account{Kind: balance.AccountSettlement, Name: "jcb"},
		Purchase: balance.MessageKey(spec.ClassUnknown, c.id, w.instant("="+words[1]).Unix(), uint32(w.integer(words[1])), spec.ParseInstitution([]byte("88710000"))), //nolint:gosec // six digits
		State:    states[words[4]], Posted: -amount, Allocated: -amount,
	}
	if len(words) > 5 {
		e.Hold = spec.Money(w.integer(words[5]))
	}
	w.post(w.logOf(c), []balance.Event{e}, nil)
}

// logOf is the wallet of a card.
func (w *world) logOf(c *card) (log string) {
	w.memory.Card(w.hasher.Hash([]byte(c.pan)), func(row balance.Row, _ bool, _ error) { log = row.Log })
	if synctest.Wait(); log == "" {
		w.t.Fatalf("card %s is in no wallet", c.name)
	}
	return log
}

func (w *world) post(log string, events []balance.Event, rows []balance.Row) {
	m := &order{d: balance.Decision{Events: events, Rows: rows}, done: make(chan error, 1)}
	w.book.Submit(balance.Post{Log: log, At: time.Now(), Mover: m})
	if err := <-m.done; err != nil {
		w.t.Fatalf("%s: %v", log, err)
	}
}

// order is a change that somebody of ours orders.
type order struct {
	d    balance.Decision
	done chan error
}

func (o *order) Decide(*balance.View) balance.Decision           { return o.d }
func (o *order) Done(_ balance.Decision, err error)              { o.done <- err }
func (o *order) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

func (w *world) tellBalance(log string) {
	m := &order{done: make(chan error, 1)}
	peek := &peeking{order: m}
	w.book.Submit(balance.Post{Log: log, At: time.Now(), Mover: peek})
	if err := <-m.done; err != nil {
		w.t.Fatalf("%s: %v", log, err)
	}
	w.node.tell(peek.seen)
}

type peeking struct {
	*order
	seen string // at last: what was seen before another node's entries were read does not count
}

func (p *peeking) Decide(v *balance.View) balance.Decision {
	p.seen = fmt.Sprintf("wallet %s v%d posted %d held %d available %d", v.Log, v.Version, v.Posted, v.Held, v.Available())
	return balance.Decision{}
}

// card finds the card of a name, or makes its number: the story's first card is …0001.
func (w *world) card(name string) *card {
	c, ok := w.cards[name]
	if !ok {
		pan := luhn(fmt.Sprintf("354012000000%03d", len(w.cards)+1))
		if strings.HasPrefix(name, "foreign") {
			pan = luhn("411111000000001")
		}
		c = &card{name: name, pan: pan, expiry: "9912"}
		copy(c.id[:], "card "+name)
		w.cards[name] = c
	}
	return c
}

func luhn(digits string) string {
	sum := 0
	for i := range len(digits) {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return digits + strconv.Itoa((10-sum%10)%10)
}

// send writes one message: send 0100 card A amount 1200 stan 000001. What is left out has an
// ordinary value; `without 14` leaves a field out, `f18 5999` gives one as it is on the wire.
func (w *world) send(words []string) {
	mti := words[0]
	now := time.Now().UTC()
	fields := map[int]string{
		3: "000000", 7: now.Format("0102150405"), 12: now.Format("150405"), 13: now.Format("0102"), 18: "5411", 22: "051",
		25: "00", 32: "88710000", 33: "88710000", 41: "TERM0001", 42: "SHOP0001       ", 43: fmt.Sprintf("%-40s", "A SHOP"), 49: "392", 100: "88791000",
	}
	if mti == "0400" || mti == "0420" || mti == "0401" || mti == "0421" {
		delete(fields, 14)
	}
	stan := "000000"
	for i := 1; i+1 < len(words); i += 2 {
		key, value := words[i], words[i+1]
		switch key {
		case "card":
			c := w.card(value)
			fields[2], fields[14] = c.pan, c.expiry
		case "amount":
			fields[4] = fmt.Sprintf("%012d", w.integer(value))
		case "stan":
			stan = value
		case "sent":
			fields[7] = w.instant(value).Format("0102150405")
		case "of": // DE90: the message with this STAN
			fields[90] = "0100" + value + w.sent[value] + "00088710000" + "00088710000"
		case "left": // DE95
			fields[95] = fmt.Sprintf("%012d%030d", w.integer(value), 0)
		case "billing":
			fields[6], fields[51] = fmt.Sprintf("%012d", w.integer(value)), "392"
		case "currency":
			fields[49] = value
		case "pc":
			fields[3] = value
		case "rrn":
			fields[37] = fmt.Sprintf("%-12s", value)
		case "code":
			fields[38] = value
		case "action":
			fields[39] = value
		case "mcc":
			fields[18] = value
		case "expiry":
			fields[14] = value
		case "preauth":
			fields[61] = "001000"
		case "network":
			fields[70] = value
		case "without":
			for _, n := range strings.Split(value, ",") {
				delete(fields, int(w.integer(n)))
			}
		default:
			if n, ok := strings.CutPrefix(key, "f"); ok {
				fields[int(w.integer(n))] = value
				continue
			}
			w.t.Fatalf("send: unknown word %q", key)
		}
	}
	fields[11] = stan
	if _, known := w.sent[stan]; !known {
		w.sent[stan] = fields[7]
	}
	if mti[1] == '8' {
		fields = map[int]string{7: fields[7], 11: stan, 33: fields[33], 70: fields[70], 100: fields[100]}
	}
	w.wire.write(mti, fields)
}

// instant is a time relative to now (-3h) or the DE7 that was sent with a STAN (=000001).
func (w *world) instant(text string) time.Time {
	if stan, ok := strings.CutPrefix(text, "="); ok {
		t, err := time.Parse("2006 0102150405", strconv.Itoa(time.Now().UTC().Year())+" "+w.sent[stan])
		if err != nil {
			w.t.Fatal(err)
		}
		return t
	}
	return time.Now().UTC().Add(w.duration(text))
}

// peer is the network's end of the connection.
type peer struct {
	conn   net.Conn
	layout *wire.Layout
	tell   func(string)
	ended  chan struct{}
	quiet  atomic.Bool // the story closes the connection
}

func newPeer(conn net.Conn, layout *wire.Layout, tell func(string)) *peer {
	p := &peer{conn: conn, layout: layout, tell: tell, ended: make(chan struct{})}
	go p.read()
	return p
}

func (p *peer) close() {
	_ = p.conn.Close()
	<-p.ended
}

func (p *peer) write(mti string, fields map[int]string) {
	frame := p.layout.Field(0).Append(nil, []byte(mti))
	bitmap := make([]byte, 8, 16)
	numbers := slices.Sorted(maps.Keys(fields))
	if numbers[len(numbers)-1] > 64 {
		bitmap = bitmap[:16]
		bitmap[0] = 0x80
	}
	for _, n := range numbers {
		bitmap[(n-1)/8] |= 0x80 >> ((n - 1) % 8)
	}
	frame = append(frame, bitmap...)
	for _, n := range numbers {
		frame = p.layout.Field(n).Append(frame, []byte(fields[n]))
	}
	head := binary.BigEndian.AppendUint16(nil, uint16(len(frame)))
	if _, err := p.conn.Write(append(append(head, 0, 0), frame...)); err != nil {
		p.tell("wire   " + err.Error())
	}
}

func (p *peer) read() {
	defer close(p.ended)
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(p.conn, head); err != nil {
			if err == io.EOF && !p.quiet.Load() {
				p.tell("wire   closed by the switch")
			}
			return
		}
		frame := make([]byte, binary.BigEndian.Uint16(head))
		if _, err := io.ReadFull(p.conn, frame); err != nil {
			return
		}
		var m wire.Message
		if err := p.layout.Read(frame, &m); err != nil {
			p.tell("wire   not readable: " + err.Error())
			continue
		}
		line := "wire   " + m.MTI.String()
		for _, n := range []int{39, 38, 4, 54} {
			if m.Fields.Has(n) {
				value := string(m.AppendValue(nil, n))
				if n == 4 {
					value = strings.TrimLeft(value, "0")
				}
				line += fmt.Sprintf(" %d=%s", n, value)
			}
		}
		p.tell(line + " stan " + string(m.AppendValue(nil, 11)))
	}
}
