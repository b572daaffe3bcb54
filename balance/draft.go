package balance

// Draft is the next entry of a wallet while it is being made. What is added to it has happened to
// the wallet at once; the version rises when it is sealed.
type Draft struct {
	wallet *Wallet
	at     int64
	events []Event
}

// Draft begins the next entry. at is when, Unix milliseconds; an entry is never dated before its
// predecessor.
func (w *Wallet) Draft(at int64) Draft { return Draft{wallet: w, at: max(at, w.At)} }

// Add applies events to the wallet and puts them into the entry. What they leave free on a closed card goes back
// to the wallet with them: Allocated, by nobody. Should the entry be full, it goes back with the card's next event.
func (d *Draft) Add(events ...Event) {
	for _, e := range events {
		d.put(&e)
	}
	for i := range events {
		c := d.wallet.card(events[i].Card)
		if c == nil || c.Status != CardClosed || c.Available() <= 0 || len(d.events) >= EventsMax {
			continue
		}
		d.put(&Event{Kind: Allocated, Card: c.ID, Allocated: -c.Available(), Counter: Account{Kind: AccountWallet, Name: d.wallet.Log}})
	}
}

func (d *Draft) put(e *Event) {
	d.wallet.move(e, d.at)
	d.events = append(d.events, *e)
}

// room says whether the entry can take so many events more.
func (d *Draft) room(events int) bool { return len(d.events)+events <= EventsMax }

// Events is how many events the entry has so far.
func (d *Draft) Events() int { return len(d.events) }

// Seal ends the entry and returns it with its bytes.
func (d *Draft) Seal(attempt Attempt) (Entry, []byte) {
	w := d.wallet
	e := Entry{
		Log: w.Log, Version: w.Version + 1, At: d.at, Previous: w.Hash, Attempt: attempt,
		Events: d.events, After: w.Balances,
	}
	body := AppendEntry(make([]byte, 0, 160+128*len(d.events)), &e)
	w.Version, w.At, w.Hash = e.Version, e.At, HashOf(body)
	w.forget(e.At)
	return e, body
}
