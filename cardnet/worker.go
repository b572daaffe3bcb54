package cardnet

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// worker does one thing at a time; their number bounds what is in flight.
type worker struct {
	run     *run
	ending  context.Context // ends when no more traffic is wanted
	mu      sync.Mutex
	latency *hdrhistogram.Histogram
}

// work does what is due until there is no more. What has begun is finished.
func (w *worker) work(ctx context.Context) {
	w.ending = ctx
	sending := context.WithoutCancel(ctx)
	for d := range w.run.due {
		w.play(sending, d)
	}
}

func (w *worker) play(ctx context.Context, d due) {
	switch d.kind {
	case cancel, partialCancel:
		w.cancel(ctx, d)
	case repeat:
		w.repeat(ctx, d)
	case earlyCancel:
		w.earlyCancel(ctx, d)
	case standIn:
		w.standIn(ctx, d)
	case standInApproved, standInRefused:
		w.standInAfter(ctx, d)
	case balance:
		w.ask(ctx, d, &Purchase{Card: d.card, Processing: processBalance}, actionApproved)
	case verify:
		w.ask(ctx, d, &Purchase{Card: d.card}, actionApproved, "85")
	case refund:
		p := w.purchase(d)
		p.Processing = processRefund
		w.ask(ctx, d, p, actionApproved)
	case tooLarge:
		w.ask(ctx, d, w.purchase(d), "51", "61")
	case frozen:
		w.ask(ctx, d, w.purchase(d), "57")
	case unknownCard:
		w.ask(ctx, d, w.purchase(d), "14")
	case wrongExpiry:
		p := w.purchase(d)
		p.Expiry = otherExpiry(p.Card.expiry)
		w.ask(ctx, d, p, "54")
	case purchase, cardCheck:
		w.buy(ctx, d)
	}
}

// buy pays, or takes an old purchase back when the card has enough of them.
func (w *worker) buy(ctx context.Context, d due) {
	if w.run.network.books.of(d.card).Yen+d.amount > w.run.load.Funds/10*6 {
		if p := w.run.shelf.takeLargest(d.card); p != nil {
			w.takeBack(ctx, d, p, 0)
			return
		}
	}
	w.ask(ctx, d, w.purchase(d), actionApproved, actionPartly, "51")
}

// ask authorizes. One of the codes is expected.
func (w *worker) ask(ctx context.Context, d due, p *Purchase, codes ...string) {
	a, err := w.run.network.Authorize(ctx, p)
	w.heard(d, a, err)
	if err != nil {
		w.undo(ctx, p, err)
		return
	}
	w.expect(a, codes...)
	w.run.shelf.answered(*p)
	w.keep(p)
}

// keep puts a purchase where it can be cancelled, if money is held for it.
func (w *worker) keep(p *Purchase) {
	if p.book.state == open {
		w.run.shelf.put(p)
	}
}

// undo takes back a purchase that got no answer, as a network does, until that is answered.
func (w *worker) undo(ctx context.Context, p *Purchase, err error) {
	if !errors.Is(err, ErrNoAnswer) || p.Processing != processPurchase || p.Amount == 0 {
		return
	}
	a, err := w.run.network.CancelAdvice(ctx, p, 0)
	if a, err = w.insist(ctx, a, err); err == nil {
		w.expect(a, actionApproved)
	}
}

// insist repeats a message that got no answer, a few times, fewer when the run is to end.
func (w *worker) insist(ctx context.Context, a Answer, err error) (Answer, error) {
	const attempts, attemptsAtTheEnd = 8, 2
	for tried := range attempts {
		if err == nil || errors.Is(err, ErrClosed) || w.ending.Err() != nil && tried >= attemptsAtTheEnd {
			break
		}
		a, err = w.run.network.Again(ctx, a)
	}
	return a, err
}

// purchase says what is due as a Purchase.
func (w *worker) purchase(d due) *Purchase {
	s := shopAt(d.pick)
	return &Purchase{
		Card: d.card, Amount: d.amount, MCC: s.mcc, Merchant: s.merchant, Terminal: s.terminal, Shop: s.name,
		Entry: entryAt(w.run.network.cfg.Dialect, d.pick>>8),
	}
}

// heard notes how long the first message of something took, from when it was due.
func (w *worker) heard(d due, a Answer, err error) {
	if errors.Is(err, ErrClosed) {
		w.run.closed.Store(true)
	}
	if a.MTI == "" {
		return
	}
	took := time.Since(d.at).Microseconds()
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.latency.RecordValue(min(max(took, 1), latencyMax)) // in range by min and max
}

// expect counts an answer that has none of the codes. That the store is busy is always one.
func (w *worker) expect(a Answer, codes ...string) {
	if a.ActionCode != "91" && !slices.Contains(codes, a.ActionCode) {
		w.run.network.unexpected(a.MTI + ": answered " + a.ActionCode + ", expected " + codes[0])
	}
}

// otherExpiry is one a year later, or earlier.
func otherExpiry(expiry string) string {
	if expiry[1] == '9' {
		return expiry[:1] + "8" + expiry[2:]
	}
	return expiry[:1] + string(expiry[1]+1) + expiry[2:]
}
