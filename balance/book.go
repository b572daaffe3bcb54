package balance

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"sekisho/spec"
)

// Book is the write-through cache of wallets. What it promises:
//
//   - A decision and its effect are one: it is made on one version of the wallet and appended as
//     the next, or made again.
//   - Nothing is told to anybody before everything it rests on is durable.
//   - The outcome of an append that is not known is found out by sending the same entry again;
//     until then nothing else is decided for that wallet.
//
// Simply done, each request would lock its wallet, decide, append, wait and answer. That is one
// disk write a request. So each wallet belongs to one shard, a goroutine without locks; a shard
// takes whatever has come in, decides all of it and hands it to the store in one call. On an
// ordered store the next request of a wallet is decided on the state before it is durable, since
// its own entry can only become durable later. On a single store it waits for the outcome, and
// what has gathered meanwhile is decided together into one entry.
type Book struct {
	store   Store
	options Options
	shards  []*shard
	stats   Stats
	done    sync.WaitGroup
	pairs   atomic.Int64 // posts about two logs without Done: no shard ends before them
}

// Options of a book; the zero value of each has a default.
type Options struct {
	Shards     int           // goroutines that decide; 2
	WalletsMax int           // wallets in memory, over all shards; 1,000,000
	ParkedMax  int           // requests that wait for one wallet; 4,096
	EntryMax   int           // bytes that requests decided together may take; 64 KiB
	RetryMin   time.Duration // before an append without known outcome is sent again; 5 ms
	RetryMax   time.Duration // the wait doubles up to this; 1 s
	Random     func() uint64 // attempt ids and jitter; safe for several goroutines
	Log        *slog.Logger
}

// Post is one request for a change of one log.
type Post struct {
	Log      string
	Other    string    // a second log that is decided with it; a post with one has no deadline
	At       time.Time // when it came in; the entry bears this time, or its predecessor's if later
	Deadline time.Time // past it Overdue is called; zero for none
	Mover    Mover
	Look     bool // only to know what would be decided: nothing is appended, not even what ran out
	Read     bool // only to see a version that is in the log, what ran out included: it decides no events

	swapped bool // Log and Other have changed places: the lower name is first
}

// Mover is a request while the book has it. The methods are called by the book's goroutines and
// must not block.
type Mover interface {
	// Decide says what happens on one version of the wallet. It changes nothing and is called
	// again when that version turns out not to be the last, or when it needed a look-up.
	Decide(v *View) Decision
	// Done is called once: what was decided last is durable, or with an error: not decided. Then
	// nothing was recorded, unless the error says that the outcome is unknown.
	Done(d Decision, err error)
	// Overdue is called at most once, when the deadline passes before Done. d is what was decided
	// and is on its way, or nil: nothing yet. Done still follows. What is returned as next is
	// decided for the log before anything else is; with drop, a request that is not decided yet
	// leaves without being decided.
	Overdue(d *Decision) (next Mover, drop bool)
}

// Decision is what a Mover makes of a version of the wallet.
type Decision struct {
	Events    []Event // what happens; none: nothing is appended
	Also      []Event // what happens in the other log of the post
	Rows      []Row   // directory rows that must be new, appended with the events
	Response  spec.Response
	Undecided error // nothing happens, and Done is called with this
}

// Errors with which Done says that a request was not decided.
var (
	ErrOverloaded = errors.New("too many requests wait for this wallet")
	ErrRowExists  = errors.New("a card with this number exists already")
	ErrStopped    = errors.New("the book is closed")
	// ErrNotTaken says that the store did not take the entry, and that nothing was recorded.
	ErrNotTaken = errors.New("the store did not take the entry")
	// ErrPanic says that a request could not be decided because of a fault of ours.
	ErrPanic = errors.New("a fault while it was decided")
	// ErrTooMany says that a request has more events than an entry takes.
	ErrTooMany = errors.New("more events than an entry takes")
	// ErrOverdue says that a request was dropped when its deadline had passed.
	ErrOverdue = errors.New("past its deadline before it was decided")
	// ErrUnread says that the log could not be read, so nothing was decided or recorded.
	ErrUnread = errors.New("the log of the wallet could not be read")
)

// NewBook starts a book on a store. The caller closes the book before the store.
func NewBook(store Store, options Options) *Book {
	b := &Book{store: store, options: options.withDefaults()}
	for range b.options.Shards {
		s := newShard(b)
		b.shards = append(b.shards, s)
		b.done.Go(s.run)
	}
	return b
}

func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.Shards, 2)
	def(&o.WalletsMax, 1_000_000)
	def(&o.ParkedMax, 4096)
	def(&o.EntryMax, 64<<10)
	if o.RetryMin == 0 {
		o.RetryMin = 5 * time.Millisecond
	}
	if o.RetryMax == 0 {
		o.RetryMax = time.Second
	}
	if o.Random == nil {
		o.Random = rand.Uint64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Submit hands posts over, each to the shard of its log, in order. It does not wait.
func (b *Book) Submit(posts ...Post) {
	for i := range posts {
		if p := &posts[i]; p.Other != "" {
			b.pairs.Add(1)
			if p.Other < p.Log {
				p.Log, p.Other, p.swapped = p.Other, p.Log, true
			}
		}
	}
	if len(posts) == 1 {
		b.shardOf(posts[0].Log).put(posts)
		return
	}
	for _, s := range b.shards {
		mine := make([]Post, 0, len(posts))
		for _, p := range posts {
			if b.shardOf(p.Log) == s {
				mine = append(mine, p)
			}
		}
		s.put(mine)
	}
}

func (b *Book) shardOf(log string) *shard {
	return b.shards[xxhash.Sum64String(log)%uint64(len(b.shards))]
}

// leftPair counts a post about two logs that has its Done; shards that close wait for the last.
func (b *Book) leftPair() {
	if b.pairs.Add(-1) == 0 {
		for _, s := range b.shards {
			if s.closed.Load() {
				s.signal()
			}
		}
	}
}

// Store is the store under the book.
func (b *Book) Store() Store { return b.store }

// Close takes nothing more, waits until everything that was submitted has its Done, and stops.
// When ctx ends first, what is left is given up: its Done gets ErrStopped, its outcome on the
// store is unknown to it.
func (b *Book) Close(ctx context.Context) error {
	for _, s := range b.shards {
		s.close()
	}
	finished := make(chan struct{})
	go func() { // ends with the shards
		b.done.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		for _, s := range b.shards {
			s.abandon()
		}
		<-finished
		return ctx.Err()
	}
}
