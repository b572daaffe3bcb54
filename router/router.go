// Package router decides what becomes of a request: which wallet it is about, and by which rules
// it is authorized, reversed or recorded.
package router

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Router takes the requests of all links to the wallets. It is safe for several goroutines.
type Router struct {
	book     *balance.Book
	programs []Program
	log      *slog.Logger
	metrics  *Metrics
}

// New makes a router over a book. Programs are tried in order.
func New(book *balance.Book, programs []Program, log *slog.Logger, metrics *Metrics) *Router {
	return &Router{book: book, programs: programs, log: log, metrics: metrics}
}

// Handle takes over a batch of requests in the order in which they came on one connection. Each
// is answered once, later, from any goroutine.
func (r *Router) Handle(batch []spec.Call) {
	posts := make([]balance.Post, 0, len(batch))
	for _, call := range batch {
		req := call.Request()
		decide := r.rule(req)
		if decide == nil {
			r.answer(call, spec.Response{Reason: refusal(req, spec.NotServed)})
			continue
		}
		row, known := r.book.Store().Peek(req.Card.Hash)
		if known {
			posts = append(posts, r.post(call, decide, row))
			continue
		}
		// What was posted before it goes first, so that a card's messages keep their order.
		r.book.Submit(posts...)
		posts = posts[:0]
		r.lookUp(call, decide)
	}
	r.book.Submit(posts...)
}

// rule is how a request of this class is decided on its wallet; nil when it is not served.
func (r *Router) rule(req *spec.Request) rule {
	switch req.Class {
	case spec.Authorization:
		return r.authorize
	case spec.AuthorizationAdvice:
		return r.advise
	case spec.Reversal, spec.ReversalAdvice:
		return r.reverse
	case spec.FinancialAdvice:
		if req.Policy.FinancialServed {
			return r.complete
		}
		return r.suspend
	case spec.Financial:
		if req.Policy.FinancialServed {
			return r.authorize
		}
		return nil
	case spec.FileUpdate, spec.Administrative, spec.NetworkManagement, spec.Answer, spec.ClassUnknown:
		return nil
	}
	return nil
}

// lookUp asks the store for a card that is not in memory. An unknown card is refused; what may
// not be refused goes to suspense.
func (r *Router) lookUp(call spec.Call, decide rule) {
	r.book.Store().Card(call.Request().Card.Hash, func(row balance.Row, found bool, err error) {
		req := call.Request()
		switch {
		case err != nil:
			r.undecided(call, fmt.Errorf("%w: %w", balance.ErrUnread, err))
		case found:
			r.book.Submit(r.post(call, decide, row))
		case req.Class.Advice():
			r.book.Submit(r.post(call, r.suspend, r.house(req)))
		default:
			r.answer(call, spec.Response{Reason: refusal(req, spec.CardUnknown)})
		}
	})
}

// post makes a request ready for the book.
func (r *Router) post(call spec.Call, decide rule, row balance.Row) balance.Post {
	req := call.Request()
	p := balance.Post{Log: row.Log, At: req.At, Mover: &passage{
		router: r, call: call, request: req, policy: req.Policy, at: req.At, row: row, rule: decide,
	}}
	if asks(req.Class) {
		p.Deadline = req.Deadline
	}
	return p
}

// answer sends an answer that nobody waits for any more in the book.
func (r *Router) answer(call spec.Call, resp spec.Response) {
	req := call.Request()
	r.metrics.decided(req.Class, resp)
	call.Answer(resp)
}

// errLate says that a request came too late to be decided at all.
var errLate = errors.New("past the deadline before it was decided")

// undecided turns a request that could not be decided into an answer or into silence. It is the
// only place that does. What has an effect when it is answered (advices, reversals) is never
// answered without it: the network sends it again.
func (r *Router) undecided(call spec.Call, err error) {
	req := call.Request()
	if errors.Is(err, errLate) {
		r.metrics.late(req.Class)
	} else {
		r.log.Error("request not decided", "link", req.Link, "class", req.Class.String(), "stan", req.STAN, "card", req.Card.Masked(), "error", err)
	}
	resp := spec.Response{Reason: spec.StoreUnavailable, Silent: true}
	switch {
	case errors.Is(err, errLate):
		resp.Reason = spec.Late
	case errors.Is(err, balance.ErrOverloaded):
		resp.Reason = spec.Overloaded
	}
	if asks(req.Class) && !req.MTI.Repeat() && req.Policy.LateAnswers && knownOut(err) {
		resp.Silent = false
	}
	r.answer(call, resp)
}

// knownOut says whether the request has for certain left no trace, so that refusing it is not
// a guess.
func knownOut(err error) bool {
	return errors.Is(err, errLate) || errors.Is(err, balance.ErrOverloaded) || errors.Is(err, balance.ErrUnread) || errors.Is(err, balance.ErrNotTaken)
}

// refusal is the reason for a refusal of which nothing is recorded: while the network is signed off there is no
// other.
func refusal(req *spec.Request, reason spec.Reason) spec.Reason {
	if req.SignedOff {
		return spec.NotSignedOn
	}
	return reason
}

// asks says whether a message of the class is somebody waiting to be told yes or no.
func asks(c spec.Class) bool { return c == spec.Authorization || c == spec.Financial }

// late says whether it is too late to approve.
func late(req *spec.Request) bool { return req.Late(time.Now()) }
