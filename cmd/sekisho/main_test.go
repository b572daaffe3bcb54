package main

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program: scripts and tests of signals start it under its
// own name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sekisho": main})
}

// Scripts name card numbers as $PAN0 to $PAN9; "fill FILE" writes them into a file.
func TestTheProgramDoesWhatTheScriptsSay(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for i := range 10 {
				env.Setenv("PAN"+strconv.Itoa(i), testNumber(i))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fill": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, name := range args {
					text := os.Expand(ts.ReadFile(name), ts.Getenv)
					ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
				}
			},
			"exits": exits,
		},
	})
}

// exits CODE PROGRAM ARGS... runs a program and wants exactly this exit code; standard output and
// standard error are then as after exec.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		var ok bool
		if text, found := strings.CutPrefix(err.Error(), "exit status "); found {
			got, err = strconv.Atoi(text)
			ok = err == nil
		}
		if !ok {
			ts.Fatalf("not run: %v", err)
		}
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// testNumber is a made-up card number with a valid check digit.
func testNumber(n int) string {
	text := "354012000000" + strings.Repeat("0", 3-len(strconv.Itoa(n))) + strconv.Itoa(n)
	sum := 0
	for i := range len(text) {
		d := int(text[len(text)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return text + strconv.Itoa((10-sum%10)%10)
}
