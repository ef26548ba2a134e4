// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

type document struct {
	Text  backendapi.Optional[string] `json:"text,omitzero"`
	Count backendapi.Optional[int]    `json:"count,omitzero"`
	Inner backendapi.Optional[inner]  `json:"inner,omitzero"`
}

type inner struct {
	Text backendapi.Optional[string] `json:"text,omitzero"`
}

func (d document) String() string {
	text, _ := json.Marshal(d)
	return string(text)
}

func TestAbsentNullAndZeroStayApart(t *testing.T) {
	for _, text := range []string{
		"{}", `{"text":null}`, `{"text":""}`, `{"text":"a"}`, `{"count":0}`, `{"count":null}`, `{"text":"","count":7}`,
		`{"inner":{}}`, `{"inner":null}`, `{"inner":{"text":null}}`,
	} {
		var got document
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.String() != text {
			t.Errorf("expected %s again, got %s, %v", text, got, err)
		}
	}
	var got document
	if err := json.Unmarshal([]byte(`{"count":"7"}`), &got); err == nil {
		t.Errorf("expected an error, got %s", got)
	}
}

func TestOptionalValues(t *testing.T) {
	for name, test := range map[string]struct {
		value          backendapi.Optional[string]
		or             string
		is, null, zero bool
	}{
		"absent": {backendapi.Optional[string]{}, "other", false, false, true},
		"null":   {backendapi.Null[string](), "other", false, true, false},
		"empty":  {backendapi.Some(""), "", true, false, false},
		"some":   {backendapi.Some("a"), "a", true, false, false},
	} {
		value, ok := test.value.Get()
		if ok != test.is || ok && value != test.or || test.value.Or("other") != test.or {
			t.Errorf("%s: got %q, %t, or %q", name, value, ok, test.value.Or("other"))
		}
		if test.value.IsNull() != test.null || test.value.IsZero() != test.zero {
			t.Errorf("%s: got null %t, absent %t", name, test.value.IsNull(), test.value.IsZero())
		}
	}
	// What is required and yet not given is written all the same.
	text, err := json.Marshal(struct{ A backendapi.Optional[int] }{})
	if err != nil || string(text) != `{"A":null}` {
		t.Errorf("expected null, got %s, %v", text, err)
	}
}

func TestTimesAreWrittenInMilliseconds(t *testing.T) {
	moment := time.Date(2026, 3, 1, 12, 0, 0, 123_000_000, time.UTC)
	text, err := json.Marshal(backendapi.Time{Time: moment})
	if err != nil || string(text) != "1772366400123" {
		t.Fatalf("expected milliseconds, got %s, %v", text, err)
	}
	var got backendapi.Time
	if err := json.Unmarshal(text, &got); err != nil || !got.Equal(moment) {
		t.Errorf("expected %s again, got %s, %v", moment, got, err)
	}
}

func TestMetadataIsAnObject(t *testing.T) {
	type profile struct {
		Plan string `json:"plan"`
	}
	raw, err := backendapi.Metadata(profile{"gold"})
	if err != nil || string(raw) != `{"plan":"gold"}` {
		t.Fatalf("got %s, %v", raw, err)
	}
	if got, err := backendapi.DecodeMetadata[profile](raw); err != nil || got.Plan != "gold" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, none := range []json.RawMessage{nil, {}, json.RawMessage("null")} {
		if got, err := backendapi.DecodeMetadata[profile](none); err != nil || got != (profile{}) {
			t.Errorf("%s: expected nothing, got %+v, %v", none, got, err)
		}
	}
	if got, err := backendapi.DecodeMetadata[profile](json.RawMessage(`{"plan":7}`)); err == nil {
		t.Errorf("expected an error, got %+v", got)
	}
	for _, value := range []any{nil, "text", 7, []string{"a"}, func() {}} {
		if got, err := backendapi.Metadata(value); err == nil {
			t.Errorf("%T: expected an error, got %s", value, got)
		}
	}
}
