// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// coverage is a row of operations.tsv: an operation, the method that makes it,
// and what makes it elsewhere.
type coverage struct {
	id, call           string
	seed, backend, sdk string
}

//go:embed operations.tsv
var operationsTable string

func readCoverage() []*coverage {
	var rows []*coverage
	for line := range strings.Lines(operationsTable) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		rows = append(rows, &coverage{cells[0], cells[1], cells[2], cells[3], cells[4]})
	}
	return rows
}

// api is what a description says, in the words of Go.
type api struct {
	operations []*operation
	types      *types
}

// operation is one of the description's, and becomes a method.
type operation struct {
	*coverage
	resource           *resource
	name               string // the method's
	method, path       string
	tag                string
	deprecated         bool
	pathParams         []string
	params             *structType // nil for none
	paramsAreList      bool
	hasBody, multipart bool
	paginated          bool
	result             result
}

// result is what an operation is answered with.
type result struct {
	kind resultKind
	typ  string // of the elements, of a page or a list
}

type resultKind int

const (
	resultNone resultKind = iota
	resultOne
	resultPage
	resultList
	resultRaw
)

func readAPI(path string) (*api, error) {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true // for the order of what it has in maps
	doc, err := loader.LoadFromFile(path)
	if err != nil {
		return nil, err
	}
	a := &api{types: newTypes()}
	described := map[string]*operation{}
	specs := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			described[spec.OperationID] = &operation{method: method, path: path}
			specs[spec.OperationID] = spec
		}
	}
	for _, row := range readCoverage() {
		o := described[row.id]
		if o == nil {
			return nil, fmt.Errorf("operations.tsv has %s, and the description has not", row.id)
		}
		delete(described, row.id)
		o.coverage = row
		a.operations = append(a.operations, o)
		if err := a.read(o, specs[row.id]); err != nil {
			return nil, fmt.Errorf("%s: %w", row.id, err)
		}
	}
	for id := range described {
		return nil, fmt.Errorf("the description has %s, and operations.tsv has not", id)
	}
	return a, a.types.finish()
}

func (a *api) read(o *operation, spec *openapi3.Operation) error {
	field, name, _ := strings.Cut(o.call, ".")
	i := slices.IndexFunc(resources, func(r *resource) bool { return r.field == field })
	if i < 0 {
		return fmt.Errorf("there is no resource %s", field)
	}
	o.resource, o.name, o.tag, o.deprecated = resources[i], name, spec.Tags[0], spec.Deprecated
	if byHand[o.id] {
		return nil
	}
	if err := a.readResult(o, spec); err != nil {
		return err
	}
	return a.readParams(o, spec)
}

func (a *api) readResult(o *operation, spec *openapi3.Operation) error {
	schema := successOf(spec)
	if schema == nil {
		return nil
	}
	element := func(ref *openapi3.SchemaRef) string {
		return a.types.of(ref, cmp.Or(typeNames[o.id], o.paramsName()+"Result"), o.resource, "")
	}
	switch value := schema.Value; {
	case value.Type.Is("array"):
		o.result = result{resultList, element(value.Items)}
		if o.method == "GET" {
			o.result.kind = resultPage
		}
	case value.Properties["total_count"] != nil && pageItems(value) != nil:
		o.result = result{resultPage, element(pageItems(value))}
	case value.Type.Is("object") && len(value.Properties) == 0 && len(value.AllOf) == 0:
		o.result = result{resultRaw, "json.RawMessage"}
	default:
		o.result = result{resultOne, element(schema)}
	}
	return nil
}

// pageItems gives the elements of a page.
func pageItems(page *openapi3.Schema) *openapi3.SchemaRef {
	for _, name := range []string{"data", "m2m_tokens"} {
		if list := page.Properties[name]; list != nil {
			return list.Value.Items
		}
	}
	return nil
}

// successOf gives what a success is answered with, nil for nothing.
func successOf(spec *openapi3.Operation) *openapi3.SchemaRef {
	for status, response := range spec.Responses.Map() {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		if media := response.Value.Content.Get("application/json"); media != nil {
			return media.Schema
		}
	}
	return nil
}

func (a *api) readParams(o *operation, spec *openapi3.Operation) error {
	params := &structType{name: o.paramsName() + "Params", owner: o.resource, of: o}
	for element := range strings.SplitSeq(o.path, "/") {
		if strings.HasPrefix(element, "{") {
			o.pathParams = append(o.pathParams, strings.Trim(element, "{}"))
		}
	}
	for _, p := range spec.Parameters {
		switch {
		case p.Value.In != "query":
		case p.Value.Name == "paginated":
			o.paginated = true
		default:
			params.fields = append(params.fields, a.queryField(o, p.Value))
		}
	}
	if err := a.readBody(o, spec, params); err != nil {
		return err
	}
	if len(params.fields) > 0 {
		o.params = params
		a.types.add(params)
	}
	return nil
}

func (a *api) queryField(o *operation, p *openapi3.Parameter) *field {
	f := &field{name: goName(p.Name), query: p.Name, required: p.Required, param: true}
	f.typ = a.types.of(p.Schema, joinNames(o.subject(), goName(p.Name)), o.resource, p.Name)
	switch {
	case f.typ == "Time":
		f.typ = "time.Time"
	case strings.HasPrefix(f.typ, "[]") && p.Explode != nil && !*p.Explode:
		f.query += ",comma"
	}
	return f
}

func (a *api) readBody(o *operation, spec *openapi3.Operation, params *structType) error {
	if spec.RequestBody == nil {
		return nil
	}
	content := spec.RequestBody.Value.Content
	if form := content.Get("multipart/form-data"); form != nil {
		o.multipart = true
		for _, p := range propertiesOf(form.Schema.Value) {
			f := &field{name: goName(p.name), json: p.name, typ: "string", required: true, param: true}
			if p.ref.Value.Format == "binary" {
				f.typ = "Upload"
			}
			params.fields = append(params.fields, f)
		}
		return nil
	}
	media := content.Get("application/json")
	if media == nil {
		return fmt.Errorf("expected a body of JSON, got %v", content)
	}
	o.hasBody = true
	body := media.Schema.Value
	if body.Type.Is("array") {
		o.paramsAreList = true
		body = body.Items.Value
	}
	fields, err := a.types.fields(body, strings.TrimSuffix(params.name, "Params"), o.resource, o)
	params.fields = append(params.fields, fields...)
	return err
}

// subject is what an operation's parameters are about, by which enumerations
// are named: what it is answered with, if that says more than the resource.
func (o *operation) subject() string {
	if (o.result.kind == resultPage || o.result.kind == resultOne) && o.result.typ != "DeletedObject" && o.result.typ != "ClientObject" {
		return o.result.typ
	}
	return o.resource.singular
}

// paramsName gives what a method's own types begin with.
func (o *operation) paramsName() string {
	verb := nextWord(o.name)
	rest := o.name[len(verb):]
	switch {
	case rest == "Many" || verb == "Count":
		return verb + rest + o.resource.many()
	case verb == "List" && rest == "":
		return verb + o.resource.many()
	case rest == "ForInstance" || rest == "Pending":
		return verb + strings.TrimPrefix(rest, "For") + o.resource.many()
	default:
		return verb + o.resource.singular + rest
	}
}

func (r *resource) many() string { return cmp.Or(r.plural, r.field) }
