package local

import (
	"os/exec"
	"syscall"
)

// endWithParent has the system kill the program when the thread that starts it ends.
func endWithParent(program *exec.Cmd) {
	program.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
