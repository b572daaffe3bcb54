package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// source is a YAML file in memory, kept so that every error can show where in it something is
// wrong.
type source struct {
	name string
	text []byte
}

// decode reads the file strictly: a key that is not known, a key twice, or a second document is
// an error that says file, line, column and key.
func (s source) decode(into any) error {
	d := yaml.NewDecoder(bytes.NewReader(s.text), yaml.Strict())
	err := d.Decode(into)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: the file is empty", s.name)
	}
	if err != nil {
		return s.explain(err, reflect.TypeOf(into).Elem())
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: expected one document, found another behind a line ---", s.name)
	}
	return nil
}

// explain turns an error of the decoder into one in our words.
func (s source) explain(err error, into reflect.Type) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	path := s.pathOf(at.GetToken())
	var unknown *yaml.UnknownFieldError
	var mismatch *yaml.TypeError
	var kind *yaml.UnexpectedNodeTypeError
	var syntax *yaml.SyntaxError
	message := at.GetMessage()
	switch {
	case errors.As(err, &unknown):
		parent := path[:max(0, strings.LastIndexByte(path, '.'))]
		message = "is not a key here: expected one of " + strings.Join(keysAt(into, parent), ", ")
	case errors.As(err, &mismatch):
		message = "expected " + describe(mismatch.DstType)
	case errors.As(err, &kind):
		message = "expected " + describe(typeAt(into, path))
	case errors.As(err, &syntax):
		message += ": expected YAML, in which what belongs together is indented alike, by spaces"
	}
	return s.fail(at.GetToken(), path, message)
}

// at is an error about what stands at a path such as links[0].listen; where that is not written,
// the error shows what it should be in.
func (s source) at(path, format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	file, err := parser.ParseBytes(s.text, 0)
	if err != nil {
		return fmt.Errorf("%s: %s: %s", s.name, path, message)
	}
	for where := path; where != ""; where = where[:max(0, strings.LastIndexAny(where, ".["))] {
		p, err := yaml.PathString("$." + where)
		if err != nil {
			continue
		}
		if node, err := p.FilterFile(file); err == nil {
			return s.fail(firstToken(node), path, message)
		}
	}
	return fmt.Errorf("%s:1:1: %s: %s", s.name, path, message)
}

// fail writes an error with its place: file:line:column: key: what, then the line and a caret.
func (s source) fail(t *token.Token, path, message string) error {
	if path != "" {
		message = path + ": " + message
	}
	return errors.New(blank(fmt.Sprintf("%s:%d:%d: %s", s.name, t.Position.Line, t.Position.Column, message)) +
		"\n" + s.point(t.Position.Line, t.Position.Column))
}

// The part of a line that is shown, in characters before and after the caret.
const (
	shownBefore = 80
	shownAfter  = 40
)

// point shows a line of the file with a caret under a column. It is blanked before it is cut, so
// that no part of a number is left.
func (s source) point(line, column int) string {
	lines := bytes.SplitN(s.text, []byte("\n"), line+1)
	if line < 1 || len(lines) < line {
		return ""
	}
	text := []rune(strings.TrimRight(blankTokens(strings.ReplaceAll(string(lines[line-1]), "\t", " ")), " \r"))
	from := max(0, column-1-shownBefore)
	to := min(len(text), column+shownAfter)
	if from >= to {
		return ""
	}
	number := fmt.Sprintf("%4d | ", line)
	return number + string(text[from:to]) + "\n" + strings.Repeat(" ", len(number)+column-1-from) + "^"
}

// pathOf finds the path of the node that begins with a token: links[0].dialect.
func (s source) pathOf(t *token.Token) string {
	file, err := parser.ParseBytes(s.text, 0)
	if err != nil {
		return ""
	}
	finder := &pathFinder{at: *t.Position}
	for _, doc := range file.Docs {
		ast.Walk(finder, doc)
	}
	return strings.TrimPrefix(strings.TrimPrefix(finder.path, "$"), ".")
}

type pathFinder struct {
	at   token.Position
	path string
}

// Visit implements [ast.Visitor]. The innermost node at the place is the last one visited.
func (f *pathFinder) Visit(n ast.Node) ast.Visitor {
	if t := n.GetToken(); t != nil && t.Position != nil && t.Position.Line == f.at.Line && t.Position.Column == f.at.Column {
		f.path = n.GetPath()
	}
	return f
}

// firstToken is where a node begins. That of a mapping in block style is its first key, not the
// colon behind it.
func firstToken(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return firstToken(n.Values[0])
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

// typeAt is the type of what a path leads to.
func typeAt(t reflect.Type, path string) reflect.Type {
	for part := range strings.SplitSeq(path, ".") {
		name, _, element := strings.Cut(part, "[")
		if name == "" {
			continue
		}
		for _, f := range reflect.VisibleFields(elem(t)) {
			if f.Tag.Get("yaml") == name {
				t = f.Type
				break
			}
		}
		if element {
			t = elem(t)
		}
	}
	return t
}

// keysAt are the keys that a path can have below it.
func keysAt(t reflect.Type, path string) []string {
	var keys []string
	if t = elem(typeAt(t, path)); t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		if key := f.Tag.Get("yaml"); key != "" && key != "-" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func elem(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// describe says in words what a key of this type holds.
func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		return "keys and values: " + strings.Join(keysAt(t, ""), ", ")
	case reflect.String:
		return "a single value"
	}
	return "another kind of value"
}
