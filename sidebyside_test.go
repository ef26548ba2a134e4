// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestTheJSONBesideACaddyfileIsWhatItBecomes holds each block of JSON behind a
// Caddyfile against what that adapts to, of which it is a whole value: a handler,
// a route, an app. With -update it writes the value into the page that resembles
// what stands there.
func TestTheJSONBesideACaddyfileIsWhatItBecomes(t *testing.T) {
	tried := 0
	for _, page := range pagesOfTheDocumentation(t) {
		before := read(t, page)
		after := before
		snippets, _ := snippetsOf(before)
		// From the end, so that what is written moves nothing that is to come.
		for _, s := range slices.Backward(snippets) {
			if len(s.json) == 0 {
				continue
			}
			tried++
			values := valuesIn(decodeJSON(t, page, string(adapt(t, s.caddyfile))))
			for i, b := range slices.Backward(s.json) {
				shown := decodeJSON(t, page, b.text)
				if slices.ContainsFunc(values, func(v any) bool { return reflect.DeepEqual(v, shown) }) {
					continue
				}
				want, ok := resembling(t, page, values, s.json[:i+1])
				if !ok || !*update {
					t.Errorf("%s: expected what\n%s\nadapts to, such as\n%s\ngot\n%s", page, s.caddyfile, layOut(want, ""), b.text)
					continue
				}
				after = after[:b.from] + layOut(want, "") + "\n" + after[b.to:]
			}
		}
		if after != before {
			if err := os.WriteFile(page, []byte(after), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if tried < 15 {
		t.Errorf("expected Caddyfiles with their JSON, got %d", tried)
	}
}

func decodeJSON(t *testing.T, page, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v\n%s", page, err, text)
	}
	return value
}

// valuesIn gives a value and all that is in it.
func valuesIn(value any) []any {
	values := []any{value}
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			values = append(values, valuesIn(value[name])...)
		}
	case []any:
		for _, element := range value {
			values = append(values, valuesIn(element)...)
		}
	}
	return values
}

// kindOf tells objects apart by their handler, or else by the names of their
// members.
func kindOf(value any) string {
	object, ok := value.(map[string]any)
	if handler, is := object["handler"].(string); ok && is {
		return handler
	}
	return strings.Join(slices.Sorted(maps.Keys(object)), " ")
}

// resembling gives the value that the last of some blocks should be: of the
// values that are of its kind, the one that the blocks before it leave.
func resembling(t *testing.T, page string, values []any, blocks []block) (any, bool) {
	t.Helper()
	kind, n := kindOf(decodeJSON(t, page, blocks[len(blocks)-1].text)), 0
	for _, b := range blocks[:len(blocks)-1] {
		if kindOf(decodeJSON(t, page, b.text)) == kind {
			n++
		}
	}
	for _, value := range values {
		if kindOf(value) != kind || kind == "" {
			continue
		}
		if n == 0 {
			return value, true
		}
		n--
	}
	return nil, false
}

// widest is how many columns a line of JSON may take on a page.
const widest = 96

// layOut writes a value, on one line where it fits.
func layOut(value any, indent string) string {
	line := inline(value)
	if len(line)+4*len(indent) <= widest {
		return line
	}
	deeper := indent + "\t"
	var lines []string
	opening, closing := "{", "}"
	switch value := value.(type) {
	case map[string]any:
		for _, name := range memberNames(value) {
			lines = append(lines, deeper+inline(name)+": "+layOut(value[name], deeper))
		}
	case []any:
		opening, closing = "[", "]"
		for _, element := range value {
			lines = append(lines, deeper+layOut(element, deeper))
		}
	default:
		return line
	}
	return opening + "\n" + strings.Join(lines, ",\n") + "\n" + indent + closing
}

func inline(value any) string {
	var parts []string
	switch value := value.(type) {
	case map[string]any:
		for _, name := range memberNames(value) {
			parts = append(parts, inline(name)+": "+inline(value[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, element := range value {
			parts = append(parts, inline(element))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(err)
	}
	return strings.TrimSpace(text.String())
}

// memberNames has first what says what an object is, and what it is for.
func memberNames(object map[string]any) []string {
	rank := map[string]int{"handler": -2, "match": -1}
	return slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(a, b))
	})
}
