package tidy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// root is the project's folder, seen from here.
const root = "../.."

// goFile is one Go file of the project, parsed.
type goFile struct {
	name   string // from the project's root, with slashes
	room   string // its folder: balance/embedded
	test   bool
	lines  int
	syntax *ast.File
	files  *token.FileSet
}

// at is where a node is: name:line.
func (f *goFile) at(n ast.Node) string {
	return f.name + ":" + itoa(f.files.Position(n.Pos()).Line)
}

// imports are the paths a file imports, with the names they have in it.
func (f *goFile) imports() map[string]*ast.ImportSpec {
	all := map[string]*ast.ImportSpec{}
	for _, spec := range f.syntax.Imports {
		all[strings.Trim(spec.Path.Value, `"`)] = spec
	}
	return all
}

// generated says whether a program wrote the file.
func (f *goFile) generated() bool { return ast.IsGenerated(f.syntax) }

// calls visits every name that is taken from a package: time.Now.
func (f *goFile) calls(visit func(n ast.Node, pkg, name string)) {
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := s.X.(*ast.Ident); ok && pkg.Obj == nil { //nolint:staticcheck // resolution within the file is enough: a local variable is not a package
				visit(n, pkg.Name, s.Sel.Name)
			}
		}
		return true
	})
}

// project is every Go file there is.
func project(t *testing.T) []*goFile {
	t.Helper()
	var all []*goFile
	eachFile(t, func(name string, text []byte) {
		if path.Ext(name) != ".go" {
			return
		}
		files := token.NewFileSet()
		syntax, err := parser.ParseFile(files, name, text, parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		all = append(all, &goFile{
			name: name, room: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			lines: strings.Count(string(text), "\n"), syntax: syntax, files: files,
		})
	})
	if len(all) < 50 {
		t.Fatalf("found only %d Go files below %s", len(all), root)
	}
	return all
}

// eachFile visits every file that belongs to the project.
func eachFile(t *testing.T, visit func(name string, text []byte)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || name == "bin" || name == "data"):
			return fs.SkipDir
		case d.IsDir() || !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		visit(name, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
