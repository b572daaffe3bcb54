package spec

// Call is one request on its way through the switch, with the place where its answer goes.
type Call interface {
	// Request is the message. It stays valid until Answer is called.
	Request() *Request
	// Answer takes the answer. It is called exactly once, from any goroutine, and never blocks.
	Answer(Response)
}
