package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekisho/balance"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// Loader takes clearing files into the wallets of a book. Each file is read two to four times: first all
// of its rules are held against it, then its records are placed, in their order for each wallet, then once
// more those that are about something that came later in the file, if there are any, and at last the
// reversals among them. Nothing is spilled to disk and no card number leaves the file: what waits is
// remembered by its number only, and read again. Memory does not depend on the size of the file, but for 8
// bytes for each 256 KB of it: nothing is placed of bytes that are not those that were checked.
//
// A load can be cut off anywhere and run again: every record is placed once, by the file's id and its DE71,
// and the report is that of a load in one go.
type Loader struct {
	Book    *balance.Book
	Router  *router.Router
	Hasher  *spec.Hasher
	Link    string         // the network that sent the file
	Parts   bool           // whether PDS 3990 is read
	DryRun  bool           // records are judged one by one on the wallets as they are, and nothing is recorded
	Metrics *Metrics       // nil: nothing is counted
	Tell    func(Progress) // told of progress, from one goroutine at a time; nil: nobody is
	Limits  LoadLimits     // the zero value has defaults
}

// LoadLimits bound what a load holds and tries. The zero value of each has a default.
type LoadLimits struct {
	ChunkMax   int // records that are placed together: 2,048, below what a wallet's queue takes
	ReachEvery int // chunks between two notes of how far the file is: 64
	WaitingMax int // numbers of waiting reversals that are remembered, and as many of others: 1,048,576, of 4 bytes
	TriesMax   int // tries of a record that cannot be placed because of the store: 12
}

func (l LoadLimits) withDefaults() LoadLimits {
	for _, d := range [...]struct {
		value     *int
		otherwise int
	}{{&l.ChunkMax, 2048}, {&l.ReachEvery, 64}, {&l.WaitingMax, 1 << 20}, {&l.TriesMax, 12}} {
		if *d.value == 0 {
			*d.value = d.otherwise
		}
	}
	return l
}

// Progress is how far a load is.
type Progress struct {
	Step    Step
	Records uint32 // done in this step
	Total   uint32 // of this step; 0: not known
}

// Step is one reading of a file.
type Step string

// The steps.
const (
	StepCheck  Step = "checked"
	StepPlace  Step = "placed"
	StepSettle Step = "read once more" // for what came before its original
)

// Refused is the error about a file of which nothing is taken. It wraps a [clearing.Reject].
type Refused struct {
	File         string
	Reject       *clearing.Reject
	OtherContent bool // a duplicate in its id only: the file that was taken had other bytes
}

// Error begins with the reason, and says which record and where in the file.
func (r *Refused) Error() string {
	where := ""
	if r.Reject.Record > 0 {
		where = fmt.Sprintf("record %d, offset %d: ", r.Reject.Record, r.Reject.Offset)
	}
	return fmt.Sprintf("%s: %s%s (clearing file %s is refused, nothing was done)", r.Reject.Reason, where, r.Reject.Detail, r.File)
}

func (r *Refused) Unwrap() error { return r.Reject }

// Errors that end a load which can be run again.
var (
	ErrChanged = errors.New("the file changed while it was loaded: nothing is closed; run the load again with the bytes it was taken with")
	ErrLost    = errors.New("what was placed does not add up to what the file says: the file is not closed")
)

// Load takes one file. The error is a [*Refused] when nothing of the file is taken, among them one that was
// taken before. After any other error the load can be run again, and goes on where it was.
func (l *Loader) Load(ctx context.Context, source Source) (LoadReport, error) {
	n := &fileLoad{Loader: l, source: source, limits: l.Limits.withDefaults(), begun: time.Now()}
	report, err := n.run(ctx)
	var refused *Refused
	switch {
	case err == nil:
		return report, nil
	case errors.As(err, &refused):
	case n.reached > 0 && !l.DryRun:
		err = fmt.Errorf("clearing file %s: stopped at record %d of %d; run it again, it goes on from there: %w", source.Name, n.reached, n.totals.Count, err)
	default:
		err = fmt.Errorf("clearing file %s: %w", source.Name, err)
	}
	return LoadReport{}, err
}

// fileLoad is the load of one file.
type fileLoad struct {
	*Loader
	source  Source
	limits  LoadLimits
	begun   time.Time
	bytes   blocks
	totals  clearing.Totals
	log     fileLog
	filing  router.Filing
	before  standing
	reached uint32 // DE71 up to which everything was given to the wallets

	sure    Tally      // what is placed whatever comes later in the file
	waiting [2]waiting // first what is no reversal, then the reversals
	settled int        // records that were asked about at the end of the file
}

func (n *fileLoad) run(ctx context.Context) (report LoadReport, err error) {
	file, err := n.source.Open()
	if err != nil {
		return LoadReport{}, err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	n.bytes.file = file
	if err := n.check(ctx); err != nil {
		return LoadReport{}, err
	}
	if err := n.open(ctx); err != nil {
		return LoadReport{}, err
	}
	if err := n.placeAll(ctx); err != nil {
		return LoadReport{}, err
	}
	if err := n.settleAll(ctx); err != nil {
		return LoadReport{}, err
	}
	report = n.report()
	if err := report.lost(); err != nil {
		return LoadReport{}, err
	}
	if n.DryRun {
		return report, nil
	}
	mine, err := n.log.close(ctx, n.placed())
	if err == nil && !mine {
		err = n.duplicate("another load of the %s was faster and has closed it", named(n.totals.FileID))
	}
	return report, err
}

// check reads the file for the first time.
func (n *fileLoad) check(ctx context.Context) (err error) {
	n.totals, err = clearing.Check(ctx, n.bytes.first(), n.Parts, func(_ int64, records uint32) {
		n.tell(Progress{Step: StepCheck, Records: records})
	})
	var reject *clearing.Reject
	if errors.As(err, &reject) {
		err = &Refused{File: n.source.Name, Reject: reject}
	}
	return err
}

// open begins the log of the file, or finds where it stands.
func (n *fileLoad) open(ctx context.Context) (err error) {
	n.log = fileLog{n.Book, n.totals.FileID, n.limits.TriesMax}
	mine := false
	if !n.DryRun {
		if mine, err = n.log.take(ctx, &n.totals); err != nil {
			return err
		}
	}
	if n.before, err = n.log.standing(ctx); err != nil {
		return err
	}
	switch {
	case n.before.closed && n.before.otherBytes(&n.totals):
		return n.otherContent("the %s was taken already, and this one has the same id with other content: if its records are new, have it sent again under an id of its own; if it is the same file written anew, nothing is to be done", named(n.totals.FileID))
	case n.before.closed:
		return n.duplicate("the %s was taken already", named(n.totals.FileID))
	case n.before.otherBytes(&n.totals):
		return n.otherContent("the %s is taken and not finished, with other bytes: finish it first, with those it was taken with (%.15s...)", named(n.totals.FileID), n.before.note)
	}
	n.filing = router.Filing{File: n.totals.FileID, Taken: n.before.begun, Link: n.Link, Parts: n.Parts, DryRun: n.DryRun}
	n.filing.Resumed = !mine && !n.before.begun.IsZero()
	if n.filing.Taken.IsZero() {
		n.filing.Taken = time.Now()
	}
	n.filing.Day, _ = n.totals.FileID.Date() // it has one: that was checked
	n.sure, n.reached = n.before.placed, n.before.upTo
	n.waiting[1].reversals = true
	return nil
}

// named is a file by the parts of its id: as one number it could be taken for that of a card.
func named(id clearing.FileID) string {
	return fmt.Sprintf("file of %s, processor %s, sequence %s", id[3:9], id[9:20], id[20:])
}

// duplicate refuses a file that was taken before.
func (n *fileLoad) duplicate(format string, args ...any) *Refused {
	return &Refused{File: n.source.Name, Reject: &clearing.Reject{Reason: clearing.Duplicate, Detail: fmt.Sprintf(format, args...)}}
}

// otherContent refuses a file that has the id of another.
func (n *fileLoad) otherContent(format string, args ...any) error {
	r := n.duplicate(format, args...)
	r.OtherContent = true
	return r
}

func (n *fileLoad) tell(p Progress) {
	if n.Tell != nil {
		n.Tell(p)
	}
}

// placeAll reads the file for the second time and places what can be placed.
func (n *fileLoad) placeAll(ctx context.Context) error {
	if n.before.upTo == n.totals.Count { // a load before was at its end: what is not placed waits
		n.waiting[0].over, n.waiting[1].over = true, true
		return nil
	}
	chunks := 0
	return n.read(ctx, n.wanted, func(c *chunk) error {
		if err := n.placeChunk(ctx, c, false); err != nil {
			return err
		}
		n.reached = max(n.reached, c.upTo)
		n.tell(Progress{StepPlace, c.seen, n.totals.Records})
		if chunks++; chunks%n.limits.ReachEvery == 0 && !n.DryRun && c.upTo > n.before.upTo {
			return n.log.reach(ctx, c.upTo, n.sure)
		}
		return nil
	})
}

// wanted says whether a record is not known to be placed. One that may wait is asked about again: it is
// not in the sums that the file's log has.
func (n *fileLoad) wanted(q *clearing.Record) bool {
	return q.Number > n.before.upTo || router.MayWait(q)
}

// settleAll reads the file once more for what had to wait, and once more for the reversals among it. From then
// on the log of the file says that its end was reached: a load that goes on must not take a record that was
// settled for one that the reversal behind it did not have to wait for.
func (n *fileLoad) settleAll(ctx context.Context) error {
	some := n.waiting[0].some() || n.waiting[1].some()
	if some && !n.DryRun && n.before.upTo < n.totals.Count {
		if err := n.log.reach(ctx, n.totals.Count, n.sure); err != nil {
			return err
		}
	}
	for i := range n.waiting {
		if w := &n.waiting[i]; w.some() {
			if err := n.settle(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle reads the file once more and places what waits, whatever it is about.
func (n *fileLoad) settle(ctx context.Context, w *waiting) error {
	if w.over {
		w.placed = Tally{} // all of them are asked again, and answer as they did
		n.filing.Resumed = true
	}
	return n.read(ctx, w.has, func(c *chunk) error {
		if err := n.placeChunk(ctx, c, true); err != nil {
			return err
		}
		n.settled += len(c.records)
		n.tell(Progress{StepSettle, c.seen, n.totals.Records})
		return nil
	})
}

// placeChunk places the records of a chunk, and counts what became of them.
func (n *fileLoad) placeChunk(ctx context.Context, c *chunk, last bool) error {
	placed, err := n.place(ctx, c.records, last)
	if err != nil {
		return err
	}
	var now Tally
	for i := range placed {
		q := &c.records[i]
		count := &n.sure
		if router.MayWait(q) {
			w := &n.waiting[0]
			if q.Reversal {
				w = &n.waiting[1]
			}
			if placed[i].Deferred {
				w.add(q.Number, n.limits.WaitingMax)
				continue
			}
			count = &w.placed
		}
		count[placed[i].Placement].add(1, q.Amount)
		now[placed[i].Placement].add(1, q.Amount)
	}
	if !n.DryRun {
		n.Metrics.placed(now)
	}
	return nil
}

// placed is what became of all records.
func (n *fileLoad) placed() Tally {
	return n.sure.plus(n.waiting[0].placed).plus(n.waiting[1].placed)
}
