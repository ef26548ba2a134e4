// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// sampler makes values of schemas: with everything that may be left out, or with
// nothing of it.
type sampler struct {
	*rand.Rand
	full bool
}

func newSampler(seed uint64, full bool) *sampler {
	return &sampler{rand.New(rand.NewPCG(seed, 0)), full}
}

// moments are the names of numbers and texts that are times.
var moments = regexp.MustCompile(`(_at|_at_before|_at_after|_at_since|^date|^expiration|^next_billing_date|^period_end|^period_start|^timestamp)$`)

func (s *sampler) value(name string, schema *openapi3.Schema) any {
	if schema.Nullable && !s.full {
		return nil
	}
	switch {
	case len(schema.OneOf) > 0:
		return s.alternative(name, schema)
	case len(schema.AllOf) == 1 && len(schema.Properties) == 0:
		return s.value(name, schema.AllOf[0].Value)
	case len(schema.AllOf) > 0 || schema.Type.Is("object"):
		return s.object(name, schema)
	case len(schema.AnyOf) > 0:
		return s.value(name, schema.AnyOf[0].Value)
	case schema.Type.Is("string"):
		return s.text(name, schema)
	case schema.Type.Is("boolean"):
		if len(schema.Enum) > 0 {
			return schema.Enum[0]
		}
		return s.IntN(2) == 0
	case schema.Type.Is("integer") || schema.Type.Is("number"):
		return s.number(name, schema)
	case schema.Type.Is("array"):
		return s.list(name, schema)
	default:
		return map[string]any{"any": s.word()}
	}
}

// alternative gives a value of one alternative and of no other, as oneOf has it.
func (s *sampler) alternative(name string, schema *openapi3.Schema) any {
	for range 100 {
		value := s.value(name, schema.OneOf[s.IntN(len(schema.OneOf))].Value)
		matching := 0
		for _, one := range schema.OneOf {
			if one.Value.VisitJSON(again(value)) == nil {
				matching++
			}
		}
		if matching == 1 {
			return value
		}
	}
	panic(fmt.Sprintf("expected a value of one alternative of %s, got none in 100", name))
}

func (s *sampler) object(name string, schema *openapi3.Schema) any {
	object := map[string]any{}
	members, required := membersOf(schema)
	if len(schema.AnyOf) > 0 {
		required = slices.Concat(required, schema.AnyOf[s.IntN(len(schema.AnyOf))].Value.Required)
	}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		if s.full || slices.Contains(required, member) {
			object[member] = s.value(member, members[member])
		}
	}
	for _, member := range required {
		if members[member] == nil {
			object[member] = nil
		}
	}
	if !s.full || len(members) > 0 {
		return object
	}
	if values := schema.AdditionalProperties.Schema; values != nil {
		object[s.word()] = s.value(name, values.Value)
	} else if may := schema.AdditionalProperties.Has; may == nil || *may {
		object[s.word()] = []any{s.word(), 7.0, map[string]any{}, nil}
	}
	return object
}

// membersOf gives the members that an object may have, and those it must have.
// What several parts of a schema describe, the last does most closely.
func membersOf(schema *openapi3.Schema) (members map[string]*openapi3.Schema, required []string) {
	members = map[string]*openapi3.Schema{}
	for _, part := range schema.AllOf {
		of, must := membersOf(part.Value)
		maps.Copy(members, of)
		required = append(required, must...)
	}
	for name, member := range schema.Properties {
		members[name] = member.Value
	}
	return members, append(required, schema.Required...)
}

func (s *sampler) list(name string, schema *openapi3.Schema) any {
	length := int(schema.MinItems)
	if s.full {
		length = max(length, 1+s.IntN(2))
	}
	list := make([]any, length)
	for i := range list {
		list[i] = s.value(strings.TrimSuffix(name, "s"), schema.Items.Value)
	}
	return list
}

func (s *sampler) text(name string, schema *openapi3.Schema) string {
	if len(schema.Enum) > 0 {
		return schema.Enum[s.IntN(len(schema.Enum))].(string)
	}
	if schema.Pattern != "" {
		pattern, err := syntax.Parse(schema.Pattern, syntax.Perl)
		if err != nil {
			panic(err)
		}
		for {
			if text := s.matching(pattern); uint64(len(text)) >= schema.MinLength {
				return text
			}
		}
	}
	switch {
	case schema.Format == "date-time", moments.MatchString(name):
		return fmt.Sprintf("2026-03-01T12:00:%02dZ", s.IntN(60))
	case schema.Format == "date":
		return fmt.Sprintf("2026-03-%02d", 1+s.IntN(30))
	case schema.Format == "email":
		return s.word() + "@example.com"
	case schema.Format == "uri":
		return "https://example.com/" + s.word()
	}
	text := s.word()
	for uint64(len(text)) < schema.MinLength {
		text += text
	}
	if schema.MaxLength != nil {
		text = text[:min(uint64(len(text)), *schema.MaxLength)]
	}
	return text
}

// matching gives a text that a regular expression matches.
func (s *sampler) matching(pattern *syntax.Regexp) string {
	repeat := func(least, most int) string {
		if most < 0 {
			most = least + 3
		}
		var text strings.Builder
		for range least + s.IntN(most-least+1) {
			text.WriteString(s.matching(pattern.Sub[0]))
		}
		return text.String()
	}
	switch pattern.Op {
	case syntax.OpLiteral:
		return string(pattern.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpCharClass:
		return s.oneOf(pattern.Rune)
	case syntax.OpCapture:
		return s.matching(pattern.Sub[0])
	case syntax.OpConcat:
		var text strings.Builder
		for _, part := range pattern.Sub {
			text.WriteString(s.matching(part))
		}
		return text.String()
	case syntax.OpAlternate:
		return s.matching(pattern.Sub[s.IntN(len(pattern.Sub))])
	case syntax.OpStar:
		return repeat(0, -1)
	case syntax.OpPlus:
		return repeat(1, -1)
	case syntax.OpQuest:
		return repeat(0, 1)
	case syntax.OpRepeat:
		return repeat(pattern.Min, pattern.Max)
	default:
		return ""
	}
}

// oneOf gives one letter, digit or sign of a class.
func (s *sampler) oneOf(class []rune) string {
	const known = "abcxyzABCXYZ0123456789_-.: "
	for _, i := range s.Perm(len(known)) {
		for at := 0; at < len(class); at += 2 {
			if r := rune(known[i]); class[at] <= r && r <= class[at+1] {
				return string(r)
			}
		}
	}
	panic(fmt.Sprintf("expected a class with one of %q, got %q", known, class))
}

// word is one that JSON, a query and a path must each encode in a way of its own.
func (s *sampler) word() string { return fmt.Sprintf("w%d <ü&+>", s.IntN(1_000_000)) }

func (s *sampler) number(name string, schema *openapi3.Schema) any {
	if moments.MatchString(name) {
		return float64(1_700_000_000_000 + s.Int64N(100_000_000_000))
	}
	least, most := 1.0, 1000.0
	if schema.Min != nil {
		least = *schema.Min
	}
	if schema.Max != nil {
		most = *schema.Max
	}
	return least + float64(s.IntN(int(min(most-least, 1000))+1))
}
