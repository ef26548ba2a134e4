// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// structType is a struct to be written.
type structType struct {
	name   string
	owner  *resource // nil for what belongs to none
	fields []*field
	of     *operation // whose parameters it has; nil for what is answered

	// schemas are what the struct stands for. They were found in this order.
	schemas []*openapi3.Schema
}

type field struct {
	name, typ          string
	json, query        string // one of them
	required, nullable bool
	param              bool
}

// enumType is a string type to be written, with its constants.
type enumType struct {
	name   string
	owner  *resource
	values []string
}

// types collects the types that the operations need.
type types struct {
	structs []*structType
	enums   []*enumType
	err     error
}

func newTypes() *types { return new(types) }

func (t *types) add(s *structType) { t.structs = append(t.structs, s) }

// property is a member of an object, as it stands in the description.
type property struct {
	name     string
	ref      *openapi3.SchemaRef
	required bool
	line     int
}

// propertiesOf gives the members in the order of the description.
func propertiesOf(schema *openapi3.Schema) []property {
	var all []property
	for _, part := range schema.AllOf {
		all = join(all, propertiesOf(part.Value))
	}
	own := make([]property, 0, len(schema.Properties))
	for name, ref := range schema.Properties {
		own = append(own, property{name, ref, slices.Contains(schema.Required, name), lineOf(ref)})
	}
	slices.SortFunc(own, func(a, b property) int { return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.name, b.name)) })
	return join(all, own)
}

// join adds the members of what holds, too.
func join(all, more []property) []property {
	for _, p := range more {
		i := slices.IndexFunc(all, func(other property) bool { return other.name == p.name })
		if i < 0 {
			all = append(all, p)
			continue
		}
		all[i].required = all[i].required || p.required
	}
	return all
}

func lineOf(ref *openapi3.SchemaRef) int {
	for _, origin := range []*openapi3.Origin{ref.Origin, ref.Value.Origin} {
		if origin != nil && origin.Key != nil {
			return origin.Key.Line
		}
	}
	return 0
}

// of gives the Go type of a schema. What has no name in the description is to
// have the given one.
func (t *types) of(ref *openapi3.SchemaRef, name string, owner *resource, member string) string {
	schema := ref.Value
	if ref.Ref != "" {
		name = schemaName(ref.Ref)
	}
	switch {
	case len(schema.OneOf) > 0 || len(schema.AllOf) == 1:
		return t.ofOneOf(slices.Concat(schema.OneOf, schema.AllOf), name, owner, member)
	case len(schema.AllOf) > 1:
		return t.object(schema, name, owner)
	case schema.Type.Is("string"):
		if isTime(member) {
			return "time.Time" // The description says so in words alone.
		}
		return t.text(schema, name, owner)
	case schema.Type.Is("boolean"):
		return "bool"
	case schema.Type.Is("integer") || schema.Type.Is("number"):
		return number(schema, member)
	case schema.Type.Is("array"):
		return "[]" + t.of(schema.Items, singularOf(name), owner, member)
	case schema.Type.Is("object"):
		return t.object(schema, name, owner)
	default:
		return "json.RawMessage"
	}
}

// ofOneOf gives the type that all of them have: alternatives are of one name.
func (t *types) ofOneOf(refs openapi3.SchemaRefs, name string, owner *resource, member string) string {
	found := make([]string, 0, len(refs))
	for _, ref := range refs {
		found = append(found, t.of(ref, name, owner, member))
	}
	if slices.Sort(found); len(slices.Compact(found)) != 1 {
		t.fail("%s: expected alternatives of one Go type, got %v", name, found)
	}
	return found[0]
}

func (t *types) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
}

// schemaName gives the Go name for the address of a schema.
func schemaName(ref string) string {
	name := ref[strings.LastIndex(ref, "/")+1:]
	if known, ok := typeNames[name]; ok {
		return known
	}
	if strings.HasPrefix(name, "verification_") {
		return "Verification"
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, "-2"), "Response")
	if rest, ok := strings.CutPrefix(name, "Commerce"); ok {
		name = "Billing" + rest
	}
	return goName(name)
}

func singularOf(name string) string {
	switch {
	case strings.HasSuffix(name, "ies"):
		return strings.TrimSuffix(name, "ies") + "y"
	case strings.HasSuffix(name, "ss"), strings.HasSuffix(name, "us"):
		return name
	default:
		return strings.TrimSuffix(name, "s")
	}
}

func (t *types) text(schema *openapi3.Schema, name string, owner *resource) string {
	if schema.Format == "date-time" {
		return "time.Time"
	}
	switch {
	case len(schema.Enum) < 2:
		return "string"
	case len(schema.Enum) == 2 && slices.Contains(schema.Enum, any("true")) && slices.Contains(schema.Enum, any("false")):
		return "bool" // Queries hold nothing but text.
	}
	i := slices.IndexFunc(t.enums, func(e *enumType) bool { return e.name == name })
	if i < 0 {
		i = len(t.enums)
		t.enums = append(t.enums, &enumType{name: name, owner: ownerOf(name, owner)})
	}
	e := t.enums[i]
	for _, value := range schema.Enum {
		if text, ok := value.(string); ok && !slices.Contains(e.values, text) {
			e.values = append(e.values, text)
		}
	}
	return name
}

// wholeNumbers are said to be any numbers, and are counted.
var wholeNumbers = map[string]bool{"limit": true, "offset": true, "seconds_until_expiration": true}

func number(schema *openapi3.Schema, member string) string {
	switch {
	case isTime(member):
		return "Time"
	case schema.Type.Is("number") && !wholeNumbers[member]:
		return "float64"
	case schema.Format == "int64":
		return "int64"
	default:
		return "int"
	}
}

// isTime tells by the name whether a number is a moment.
func isTime(member string) bool {
	switch member {
	case "date", "expiration", "next_billing_date", "period_end", "period_start", "timestamp":
		return true
	}
	return slices.ContainsFunc([]string{"_at", "_at_before", "_at_after", "_at_since"}, func(end string) bool {
		return strings.HasSuffix(member, end)
	})
}

// object gives the type of an object: a struct if its members are known.
func (t *types) object(schema *openapi3.Schema, name string, owner *resource) string {
	if len(schema.Properties) == 0 && len(schema.AllOf) == 0 {
		if values := schema.AdditionalProperties.Schema; values != nil && values.Value.Type != nil {
			element := t.of(values, name, owner, "")
			if values.Value.Nullable {
				element = "Optional[" + element + "]"
			}
			return "map[string]" + element
		}
		return "json.RawMessage"
	}
	i := slices.IndexFunc(t.structs, func(s *structType) bool { return s.name == name })
	if i < 0 {
		i = len(t.structs)
		t.add(&structType{name: name, owner: ownerOf(name, owner)})
	}
	s := t.structs[i]
	if !slices.Contains(s.schemas, schema) {
		s.schemas = append(s.schemas, schema)
		// Its members are what may need more types.
		if _, err := t.fields(schema, name, owner, nil); err != nil {
			t.fail("%w", err)
		}
	}
	return name
}

// ownerOf gives the resource whose name a type begins with, or else the one
// that needs it first.
func ownerOf(name string, first *resource) *resource {
	if sharedTypes[name] || strings.HasPrefix(name, "Verification") {
		return nil
	}
	owner, length := first, 0
	for _, r := range resources {
		if strings.HasPrefix(name, r.singular) && len(r.singular) > length && !r.byHand && !startsSmall(name[len(r.singular):]) {
			owner, length = r, len(r.singular)
		}
	}
	return owner
}

// fields gives the fields for an object's members.
func (t *types) fields(schema *openapi3.Schema, name string, owner *resource, of *operation) ([]*field, error) {
	param := of != nil
	var fields []*field
	for _, p := range propertiesOf(schema) {
		f := &field{name: goName(p.name), json: p.name, required: p.required, nullable: p.ref.Value.Nullable, param: param}
		typeName := joinNames(name, f.name)
		if param && isText(p.ref.Value) {
			typeName = joinNames(of.subject(), f.name)
		}
		if param && p.ref.Value.Type.Is("object") && p.ref.Value.AdditionalProperties.Has != nil && *p.ref.Value.AdditionalProperties.Has {
			f.typ = "json.RawMessage"
		} else {
			f.typ = t.of(p.ref, typeName, owner, p.name)
		}
		if slices.ContainsFunc(fields, func(other *field) bool { return other.name == f.name }) {
			return nil, fmt.Errorf("%s has two fields %s", name, f.name)
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// isText tells whether a schema is of strings, which may be an enumeration.
func isText(schema *openapi3.Schema) bool {
	return schema.Type.Is("string") || schema.Type.Is("array") && schema.Items.Value.Type.Is("string")
}

// finish makes the fields of all that stands for schemas.
func (t *types) finish() error {
	for _, s := range t.structs {
		for i, schema := range s.schemas {
			fields, err := t.fields(schema, s.name, s.owner, nil)
			if err != nil {
				return err
			}
			if err := s.merge(fields, i == 0, len(schema.Required) == 0 && len(schema.AllOf) > 0); err != nil {
				return err
			}
		}
		s.complete()
	}
	return t.err
}

// merge adds the fields of an alternative. A member is always there only if it
// is in every one that says so of any.
func (s *structType) merge(fields []*field, first, saysNothing bool) error {
	if first {
		s.fields = fields
		return nil
	}
	for _, known := range s.fields {
		i := slices.IndexFunc(fields, func(f *field) bool { return f.name == known.name })
		if i < 0 {
			known.required = known.required && saysNothing
			continue
		}
		if known.typ != fields[i].typ && known.typ != "string" && fields[i].typ != "string" {
			return fmt.Errorf("%s.%s: expected one type, got %s and %s", s.name, known.name, known.typ, fields[i].typ)
		}
		known.required = known.required && (saysNothing || fields[i].required)
		known.nullable = known.nullable || fields[i].nullable
	}
	for _, f := range fields {
		if !slices.ContainsFunc(s.fields, func(known *field) bool { return known.name == f.name }) {
			f.required = false
			s.fields = append(s.fields, f)
		}
	}
	return nil
}

// memberOf says of which field alone a struct is the type, if its name begins
// with that of the struct that has the field, and nothing of another.
func (t *types) memberOf(name string) string {
	var found []string
	for _, s := range t.structs {
		prefix := strings.TrimSuffix(s.name, "Params")
		if s.name == name || !strings.HasPrefix(name, prefix) {
			continue
		}
		for _, f := range s.fields {
			switch f.typ {
			case name:
				found = append(found, fmt.Sprintf("the type of %s.%s", s.name, f.name))
			case "[]" + name:
				found = append(found, fmt.Sprintf("the type of each of %s.%s", s.name, f.name))
			}
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// member is the field's name in JSON or a query.
func (f *field) member() string {
	name, _, _ := strings.Cut(cmp.Or(f.json, f.query), ",")
	return name
}

// goType gives a field's type, which is Optional if it may be absent or null,
// unless nil says that.
func (f *field) goType() string {
	if f.required && !f.nullable || f.typ == "json.RawMessage" || f.typ == "Upload" {
		return f.typ
	}
	list := strings.HasPrefix(f.typ, "[]") || strings.HasPrefix(f.typ, "map[")
	if list && !f.nullable {
		return f.typ
	}
	return "Optional[" + f.typ + "]"
}

// tag gives a field's tag.
func (f *field) tag() string {
	switch {
	case f.query != "":
		return fmt.Sprintf("`query:%q json:\"-\"`", f.query)
	case f.typ == "Upload":
		return ""
	case f.required:
		return fmt.Sprintf("`json:%q`", f.json)
	default:
		return fmt.Sprintf("`json:%q`", f.json+",omitzero")
	}
}
