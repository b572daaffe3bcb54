package wallet

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed page.html
var pageText string

// pageView is what the page for people is made from.
type pageView struct {
	Title, Version string
	Introduction   []string
	Sections       []pageSection
	Problems       []meaning
	Scopes         []Scope
}

type pageSection struct {
	Name, Anchor, About string
	Routes              []pageRoute
}

type pageRoute struct {
	Anchor, Method, Path, Summary, Scope, Curl, Answer string
	About                                              []string
	Parameters, Asked, Answered                        []pageField
	Status                                             int
	Refuses                                            []Code
}

type pageField struct {
	Name, Type, About string
	Required          bool
}

// page is the page for people, made from the document: everything is in it, so that it works where
// nothing else can be reached.
func (a *API) page() ([]byte, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	o := a.huma.OpenAPI()
	v := pageView{
		Title: o.Info.Title, Version: o.Info.Version, Introduction: strings.Split(o.Info.Description, "\n\n"),
		Problems: meanings(), Scopes: Scopes(),
	}
	for _, tag := range o.Tags {
		s := pageSection{Name: tag.Name, Anchor: strings.ToLower(tag.Name), About: tag.Description}
		for i, op := range a.operations() { // one of each route
			if slices.Contains(op.Tags, tag.Name) {
				r := a.pageRoute(op)
				r.Refuses = a.routes[i].codes()
				s.Routes = append(s.Routes, r)
			}
		}
		v.Sections = append(v.Sections, s)
	}
	var out bytes.Buffer
	err = t.Execute(&out, v)
	return out.Bytes(), err
}

// operations are all operations in the order in which they were registered.
func (a *API) operations() []*huma.Operation {
	var all []*huma.Operation
	for _, r := range a.routes {
		item := a.huma.OpenAPI().Paths[r.path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Delete} {
			if op != nil && op.Method == r.method {
				all = append(all, op)
			}
		}
	}
	return all
}

func (a *API) pageRoute(op *huma.Operation) pageRoute {
	scope := fmt.Sprint(op.Extensions["x-scope"])
	about := strings.TrimSuffix(op.Description, scopeSentence(Scope(scope))) // it is shown beside the path
	r := pageRoute{
		Anchor: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Status: op.DefaultStatus,
		Scope: scope, About: strings.Split(about, "\n\n"),
	}
	for _, p := range op.Parameters {
		r.Parameters = append(r.Parameters, pageField{p.Name, p.In + ", " + typeOf(p.Schema), p.Description, p.Required})
	}
	example := ""
	if op.RequestBody != nil {
		media := op.RequestBody.Content["application/json"]
		r.Asked = a.fields(media.Schema, "", 0)
		if media.Example != nil {
			example = fmt.Sprint(media.Example)
			if raw, ok := media.Example.(json.RawMessage); ok {
				example = string(raw)
			}
		}
	}
	r.Curl = curl(op, example)
	if answer := op.Responses[strconv.Itoa(op.DefaultStatus)]; answer != nil && answer.Content["application/json"] != nil {
		r.Answered = a.fields(answer.Content["application/json"].Schema, "", 0)
	}
	return r
}

// curl is a call of the route that can be pasted.
func curl(op *huma.Operation, example string) string {
	path := strings.NewReplacer("{id}", "ID", "{person}", "PERSON", "{token}", "DEVICE_TOKEN").Replace(op.Path)
	lines := []string{"curl -sS \"$SEKISHO" + path + "\"", "-H \"Authorization: Bearer $TOKEN\""}
	switch op.Method {
	case http.MethodPost:
		lines = append(lines, "-H \"Idempotency-Key: $(uuidgen)\"")
		if example == "" {
			lines = append(lines, "-X POST")
		}
	case http.MethodDelete:
		lines = append(lines, "-X DELETE")
	}
	if example != "" {
		lines = append(lines, "-H \"Content-Type: application/json\"", "-d '"+example+"'")
	}
	return strings.Join(lines, " \\\n  ")
}

const fieldDepthMax = 4

// fields lists the fields of a schema, those of an object in it behind a dot.
func (a *API) fields(s *huma.Schema, prefix string, depth int) []pageField {
	s = a.resolved(s)
	if s == nil || depth > fieldDepthMax {
		return nil
	}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	var all []pageField
	for _, name := range names {
		child := s.Properties[name]
		full := a.resolved(child)
		about := child.Description
		if about == "" {
			about = full.Description
		}
		all = append(all, pageField{prefix + name, typeOf(full), about, slices.Contains(s.Required, name)})
		switch {
		case full.Type == huma.TypeArray:
			all = append(all, a.fields(full.Items, prefix+name+"[].", depth+1)...)
		case isMoney(full):
		default:
			all = append(all, a.fields(full, prefix+name+".", depth+1)...)
		}
	}
	return all
}

// resolved follows a reference.
func (a *API) resolved(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return a.huma.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s
}

func isMoney(s *huma.Schema) bool {
	return len(s.Properties) == 2 && s.Properties["amount"] != nil && s.Properties["currency"] != nil
}

// typeOf says in a word or two what a field holds.
func typeOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case isMoney(s):
		return "amount and currency"
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			words[i] = fmt.Sprint(v)
		}
		return strings.Join(words, " | ")
	case s.Type == huma.TypeArray:
		return "list"
	case s.Format == "date-time":
		return "time"
	}
	return s.Type
}
