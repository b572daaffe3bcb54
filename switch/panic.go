package authswitch

import (
	"fmt"
	"runtime"
	"strings"
)

// panicked counts and logs a panic. Of what was thrown only errors of the runtime are quoted,
// and the stack is written without arguments: both could hold bytes of a message.
func (c *conn) panicked(doing string, cause any) ending {
	c.link.metrics.panics.Inc()
	text := fmt.Sprintf("%T", cause)
	if fault, ok := cause.(runtime.Error); ok {
		text = fault.Error()
	}
	c.log.Error("panic while "+doing+", its connection is closed", "cause", text, "stack", stack())
	return endPanic
}

// stack is the callers, innermost first: function, file and line of each.
func stack() string {
	pcs := make([]uintptr, 48)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var b strings.Builder
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s %s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}
