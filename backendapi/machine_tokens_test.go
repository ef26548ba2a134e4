// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

func TestAnAPIKeyIsRead(t *testing.T) {
	server := serve(t, answer(200, `{"object":"api_key","id":"ak_1","type":"api_key","subject":"user_1","name":"CI","description":null,
		"claims":{"tier":"gold"},"scopes":["read","write"],"revoked":true,"revocation_reason":"old","expired":true,"expiration":1716883200000,
		"created_by":null,"last_used_at":null,"created_at":1716883200000,"updated_at":1716883200000}`))
	got, err := client(t, server.URL).APIKeys.Verify(t.Context(), token)
	want := &backendapi.VerifiedAPIKey{Name: "CI", MachineToken: backendapi.MachineToken{
		ID: "ak_1", Subject: "user_1", Scopes: []string{"read", "write"}, Claims: json.RawMessage(`{"tier":"gold"}`),
		Revoked: true, Expired: true, Expiration: new(time.Unix(1716883200, 0).UTC()),
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("expected %+v, got %+v, %v", want, got, err)
	}
}

func TestAnM2MTokenIsRead(t *testing.T) {
	server := serve(t, answer(200, `{"object":"machine_to_machine_token","id":"mt_1","subject":"mch_1","claims":null,"scopes":["mch_2"],
		"revoked":false,"revocation_reason":null,"expired":false,"expiration":null,"last_used_at":null,"created_at":1,"updated_at":1}`))
	got, err := client(t, server.URL).M2MTokens.Verify(t.Context(), token)
	want := &backendapi.VerifiedM2MToken{MachineToken: backendapi.MachineToken{ID: "mt_1", Subject: "mch_1", Scopes: []string{"mch_2"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("expected %+v, got %+v, %v", want, got, err)
	}
}

func TestAnOAuthAccessTokenIsRead(t *testing.T) {
	server := serve(t, answer(200, `{"object":"clerk_idp_oauth_access_token","id":"oat_1","client_id":"client_1","subject":"user_1",
		"scopes":["email"],"revoked":false,"revocation_reason":null,"expired":false,"expiration":1716883200,"created_at":1,"updated_at":1,
		"aud":["https://api.example.com"],"act":{"sub":"user_2","iss":"https://clerk.example.com","act":{"sub":"user_3"}}}`))
	got, err := client(t, server.URL).OAuthAccessTokens.Verify(t.Context(), token)
	want := &backendapi.OAuthAccessToken{
		MachineToken: backendapi.MachineToken{
			ID: "oat_1", Subject: "user_1", Scopes: []string{"email"}, Expiration: new(time.Unix(1716883200, 0).UTC()),
		},
		ClientID:  "client_1",
		Audiences: []string{"https://api.example.com"},
		Actor:     &backendapi.OAuthActor{Subject: "user_2", Issuer: "https://clerk.example.com", Actor: &backendapi.OAuthActor{Subject: "user_3"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("expected %+v, got %+v, %v", want, got, err)
	}
}

// with gives the answer about a token with members of another value; "" takes
// one out.
func with(t *testing.T, changes map[string]string) string {
	t.Helper()
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(welcome), &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range changes {
		members[name] = json.RawMessage(value)
		if value == "" {
			delete(members, name)
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A token of which something is not known to be good is not good.
func TestAnAnswerAboutATokenIsReadStrictly(t *testing.T) {
	for member, values := range map[string][]string{
		"id":         {"", "null", `""`, "1", "{}"},
		"subject":    {"", "null", `""`, "1", "[]", `["user_1"]`},
		"revoked":    {"", "null", `"false"`, `"true"`, "0", "1", "[]", "{}"},
		"expired":    {"", "null", `"false"`, `"true"`, "0", "1", "[]", "{}"},
		"scopes":     {`"read"`, "1", "{}", "[1]", "[null]", `["read",null]`, `[["read"]]`},
		"expiration": {`"1716883200"`, "true", "[]", "{}", "1e300", "1e308", "-1e300", "253402300800000", `"never"`},
	} {
		for _, value := range values {
			server := serve(t, answer(200, with(t, map[string]string{member: value})))
			for _, name := range []string{"api key", "m2m token", "oauth access token"} {
				t.Run(name+", "+member+" "+value, func(t *testing.T) {
					err := calls[name](t.Context(), client(t, server.URL))
					checkText(t, err)
					if !errors.Is(err, backendapi.ErrNotJSON) {
						t.Errorf("expected another form, got %v", err)
					}
				})
			}
		}
	}
}

func TestAnAnswerAboutAnOAuthAccessTokenIsReadStrictly(t *testing.T) {
	for member, values := range map[string][]string{
		"active":    {`"false"`, "0", "[]"},
		"client_id": {"1", "[]"},
		"aud":       {"1", "{}", "[1]", "[null]", "true"},
		"act":       {`"user_2"`, "[]", "{}", `{"sub":1}`, `{"sub":""}`, `{"sub":"a","iss":1}`, `{"sub":"a","act":{}}`, `{"sub":"a","act":"b"}`},
	} {
		for _, value := range values {
			server := serve(t, answer(200, with(t, map[string]string{member: value})))
			got, err := client(t, server.URL).OAuthAccessTokens.Verify(t.Context(), token)
			if !errors.Is(err, backendapi.ErrNotJSON) {
				t.Errorf("%s %s: expected another form, got %+v, %v", member, value, got, err)
			}
		}
	}
	server := serve(t, answer(200, with(t, map[string]string{"name": "1"})))
	if got, err := client(t, server.URL).APIKeys.Verify(t.Context(), token); !errors.Is(err, backendapi.ErrNotJSON) {
		t.Errorf("expected another form, got %+v, %v", got, err)
	}
}

func TestADeadOAuthAccessTokenIsInactive(t *testing.T) {
	for _, body := range []string{`{"active":false}`, with(t, map[string]string{"active": "false"}), `{"active":false,"act":{}}`} {
		got, err := client(t, serve(t, answer(200, body)).URL).OAuthAccessTokens.Verify(t.Context(), token)
		if got != nil || !errors.Is(err, backendapi.ErrInactive) || errors.Is(err, backendapi.ErrNotJSON) || backendapi.Unavailable(err) {
			t.Errorf("%s: expected it to be inactive, got %+v, %v", body, got, err)
		}
		checkText(t, err)
	}
	for _, active := range []string{"", "null", "true"} {
		server := serve(t, answer(200, with(t, map[string]string{"active": active})))
		if _, err := client(t, server.URL).OAuthAccessTokens.Verify(t.Context(), token); err != nil {
			t.Errorf("active %q: %v", active, err)
		}
	}
}

func TestAudiencesAreOneOrMany(t *testing.T) {
	for aud, want := range map[string][]string{
		"": nil, "null": nil, "[]": nil, `"a"`: {"a"}, `""`: {""}, `["a"]`: {"a"}, `["a","b"]`: {"a", "b"}, ` "\u00e4"`: {"ä"},
	} {
		server := serve(t, answer(200, with(t, map[string]string{"aud": aud})))
		got, err := client(t, server.URL).OAuthAccessTokens.Verify(t.Context(), token)
		if err != nil || !reflect.DeepEqual(got.Audiences, want) {
			t.Errorf("%s: expected %q, got %+v, %v", aud, want, got, err)
		}
	}
}

// Clerk counts some of these times in seconds and some in milliseconds.
func TestAnExpirationIsInSecondsOrMilliseconds(t *testing.T) {
	for number, want := range map[string]time.Time{
		"0": time.Unix(0, 0), "1": time.Unix(1, 0), "1716883200": time.Unix(1716883200, 0), "1716883200000": time.Unix(1716883200, 0),
		"1716883200.5": time.UnixMilli(1716883200500), "1716883200123.9": time.UnixMilli(1716883200123), "1.7168832e9": time.Unix(1716883200, 0),
		"99999999999": time.Unix(99999999999, 0), "100000000000": time.Unix(100000000, 0), "253402300799999": time.UnixMilli(253402300799999), "-5": time.Unix(-5, 0),
	} {
		server := serve(t, answer(200, with(t, map[string]string{"expiration": number})))
		got, err := client(t, server.URL).APIKeys.Verify(t.Context(), token)
		if err != nil || got.Expiration == nil || !got.Expiration.Equal(want) {
			t.Errorf("%s: expected %s, got %+v, %v", number, want, got, err)
		}
	}
}

func TestWhatIsNullIsNone(t *testing.T) {
	server := serve(t, answer(200, with(t, map[string]string{"claims": "null", "scopes": "null", "expiration": "null", "act": "null", "aud": "null"})))
	got, err := client(t, server.URL).OAuthAccessTokens.Verify(t.Context(), token)
	want := &backendapi.OAuthAccessToken{MachineToken: backendapi.MachineToken{ID: "id_1", Subject: "sub_1"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("expected nothing more than %+v, got %+v, %v", want, got, err)
	}
}

func TestAnUnknownTokenIsClerksAnswer(t *testing.T) {
	server := serve(t, answer(404, `{"errors":[{"code":"not_found","message":"`+strings.Repeat("x", 10)+`"}]}`))
	for _, name := range []string{"api key", "m2m token", "oauth access token"} {
		err := calls[name](t.Context(), client(t, server.URL))
		if wantError(t, err, 404); backendapi.Unavailable(err) || errors.Is(err, backendapi.ErrInactive) {
			t.Errorf("%s: expected an answer, got %v", name, err)
		}
	}
}
