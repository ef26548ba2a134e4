// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"encoding/json"
	"strings"
	"testing"
)

// jsonTexts are texts of objects, most of which are none.
var jsonTexts = []string{
	`{}`, ` { } `, `{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a" 1}`, `{a:1}`, `{"a":1`, `{"a":1}}`, `{"a":1}x`,
	"{\"a\"\t:\r\n1 }\n", "{\"a\"\v:1}", "\ufeff{}", `{"a":1 "b":2}`, `{"a":1,"b":2}`, `{1:2}`, `{"a":1}{}`, `{`, ``, ` `,
	`{"a":true,"b":false,"c":null}`, `{"a":tru}`, `{"a":truex}`, `{"a":True}`, `{"a":nul`, `{"a":undefined}`, `{"a":NaN}`,
	`{"a":0}`, `{"a":-0}`, `{"a":00}`, `{"a":01}`, `{"a":-}`, `{"a":+1}`, `{"a":1.}`, `{"a":.1}`, `{"a":1.5e+3}`, `{"a":1e}`,
	`{"a":1E-2}`, `{"a":1e5.2}`, `{"a":0x1}`, `{"a":1_0}`, `{"a":10e10}`, `{"a":--1}`, `{"a":1-1}`, `{"a":9` + strings.Repeat("9", 400) + `}`,
	`{"a":"\"\\\/\b\f\n\r\t\u12aF"}`, `{"a":"\x"}`, `{"a":"\u12g0"}`, `{"a":"\u12"}`, `{"a":"\"}`, `{"a":"\`, `{"a":"\u`, `{"a":"\u00`,
	"{\"a\":\"\n\"}", "{\"a\":\"\x00\"}", "{\"a\":\"\x7f\xff\"}", `{"a":"b}`, `{"a\u0062":1}`, `{"a\q":1}`,
	`{"a":[]}`, `{"a":[1,2,[3,{"b":"]"}]]}`, `{"a":[1,]}`, `{"a":[}`, `{"a":[}]}`, `{"a":{]}`, `{"a":[1 2]}`, `{"a":{"b":1}`,
	`{"a":["}"]}`, `{"a":["\"]"]}`, `{"a":[01]}`, `{"a":{"b":{}}, "c":[[]]}`, `{"a":]}`, `{"a":[]]}`, `{"a":[1}`, `{"a":["]}`,
	`{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, `{"a":` + strings.Repeat("[", 5000) + `}`,
	`{"a":` + strings.Repeat("[", 9) + strings.Repeat("]", 9) + `}`, `{"a":` + strings.Repeat(`{"b":`, 12) + "1" + strings.Repeat("}", 12) + `}`,
	`{"a":` + strings.Repeat(`{"b":`, 12) + "01" + strings.Repeat("}", 12) + `}`, `{"a":` + strings.Repeat("[", 9) + "}" + strings.Repeat("]", 8) + `}`,
	`null`, ` null `, `nul`, `1`, `"a"`, `[1]`, `[`, `tru`, `"a`, `--`,
}

func TestWhatIsTakenForJSON(t *testing.T) {
	for _, text := range jsonTexts {
		checkRead(t, text)
	}
}

// FuzzJSONText compares what is taken for JSON with what encoding/json takes
// for it.
func FuzzJSONText(f *testing.F) {
	for _, text := range jsonTexts {
		f.Add(text)
	}
	f.Fuzz(checkRead)
}

func checkRead(t *testing.T, text string) {
	t.Helper()
	if len(text) > MaxTokenSize {
		return
	}
	var o object
	err := o.read(text)
	if isNull := strings.TrimSpace(text) == "null"; isNull != (err == errNull) {
		t.Errorf("%.200q: got %v", text, err)
	} else if !isNull && json.Valid([]byte(text)) != (err == nil) {
		t.Errorf("%.200q: expected it to be JSON: %t, got %v", text, json.Valid([]byte(text)), err)
	}
	if err != nil {
		return
	}
	for m := range numMembers {
		if raw := o.raw(m); o.has(m) && !json.Valid([]byte(raw)) {
			t.Errorf("%.200q: expected a member to be a value, got %q", text, raw)
		}
	}
}
