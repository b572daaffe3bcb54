package tidy

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// pure says whether a file must neither do I/O nor read a clock: the language, the rules, and the
// moves of a wallet.
func pure(f *goFile) bool {
	if f.test || f.room == "spec/gen" {
		return false
	}
	moves := []string{
		"balance/wallet.go", "balance/entry.go", "balance/event.go", "balance/key.go", "balance/open.go",
		"balance/view.go", "balance/codec.go", "balance/encode.go", "balance/snapshot.go", "balance/recent.go",
	}
	return f.room == "spec" || strings.HasPrefix(f.room, "spec/") || f.room == "risk" || slices.Contains(moves, f.name)
}

func TestSpecRiskAndTheMovesOfAWalletHaveNoClockAndNoInput(t *testing.T) {
	t.Parallel()
	for _, f := range project(t) {
		if !pure(f) {
			continue
		}
		for _, imported := range []string{"net", "net/http", "os", "os/exec", "syscall", "math/rand", "math/rand/v2", "context"} {
			if at, ok := f.imports()[imported]; ok {
				t.Errorf("%s imports %s: take what is needed as an argument", f.at(at), imported)
			}
		}
		f.calls(func(n ast.Node, pkg, name string) {
			if pkg == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}, name) {
				t.Errorf("%s: time.%s: time is a value here, take it from Request.At or an argument", f.at(n), name)
			}
		})
	}
}

func TestTestsDoNotSleep(t *testing.T) {
	t.Parallel()
	for _, f := range project(t) {
		if !f.test {
			continue
		}
		if _, bubble := f.imports()["testing/synctest"]; bubble {
			continue // there a sleep takes no time
		}
		f.calls(func(n ast.Node, pkg, name string) {
			if pkg == "time" && name == "Sleep" {
				t.Errorf("%s sleeps: wait on a channel, or run it under testing/synctest", f.at(n))
			}
		})
	}
}

func TestNobodyLogsOrPrintsBehindAPersonsBack(t *testing.T) {
	t.Parallel()
	for _, f := range project(t) {
		if f.test || f.room == "spec/gen" || strings.HasPrefix(f.room, "internal/") {
			continue
		}
		f.calls(func(n ast.Node, pkg, name string) {
			switch {
			case pkg == "slog" && slices.Contains([]string{"Debug", "Info", "Warn", "Error", "Log", "Default", "SetDefault"}, name):
				t.Errorf("%s: slog.%s: use the logger that was handed in", f.at(n), name)
			case pkg == "log" && name != "New" && name != "Logger", pkg == "fmt" && strings.HasPrefix(name, "Print"):
				t.Errorf("%s: %s.%s: write to the writer or the logger that was handed in", f.at(n), pkg, name)
			}
		})
	}
}

// reasons are the names of the constants of spec.Reason.
func reasons(t *testing.T, files []*goFile) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, f := range files {
		if f.name != "spec/reason.go" {
			continue
		}
		for _, d := range f.syntax.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, s := range g.Specs {
					for _, name := range s.(*ast.ValueSpec).Names { //nolint:forcetypeassert // what a const is made of
						names[name.Name] = true
					}
				}
			}
		}
	}
	if !names["Approved"] || len(names) < 20 {
		t.Fatalf("found only %d reasons in spec/reason.go", len(names))
	}
	return names
}

// Whoever adds a reason has to say everywhere what it means there.
func TestASwitchOverReasonsHasNoDefault(t *testing.T) {
	t.Parallel()
	files := project(t)
	names := reasons(t, files)
	isReason := func(f *goFile, e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.SelectorExpr:
			pkg, ok := e.X.(*ast.Ident)
			return ok && pkg.Name == "spec" && names[e.Sel.Name]
		case *ast.Ident:
			return f.room == "spec" && names[e.Name]
		}
		return false
	}
	for _, f := range files {
		if f.test {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.SwitchStmt)
			if !ok || s.Tag == nil {
				return true
			}
			over, otherwise := false, false
			for _, c := range s.Body.List {
				clause := c.(*ast.CaseClause) //nolint:forcetypeassert // what a switch is made of
				otherwise = otherwise || clause.List == nil
				over = over || slices.ContainsFunc(clause.List, func(e ast.Expr) bool { return isReason(f, e) })
			}
			if over && otherwise {
				t.Errorf("%s: a switch over spec.Reason has a default: name every reason, so that a new one is seen", f.at(n))
			}
			return true
		})
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, f := range project(t) {
		if !f.test {
			said[f.room] = said[f.room] || f.syntax.Doc != nil
		}
	}
	for room, ok := range said {
		if !ok {
			t.Errorf("%s has no package sentence: write one that a newcomer could repeat", room)
		}
	}
}
