package local

import (
	"os/exec"
	"runtime"
)

// runBound runs a program from a thread that lives as long as the program does.
func runBound(program *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(ended)
	endWithParent(program)
	err := program.Start()
	started <- err
	if err == nil {
		program.Wait() //nolint:errcheck // it is killed
	}
}
