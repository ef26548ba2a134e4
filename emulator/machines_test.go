// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// machineCalls lists what verifies the tokens of each type.
var machineCalls = map[string]struct{ path, parameter string }{
	typeAPIKey: {"/api_keys/verify", "secret"},
	typeM2M:    {"/m2m_tokens/verify", "token"},
	typeOAuth:  {"/oauth_applications/access_tokens/verify", "access_token"},
}

// askAbout has a token verified by the call for a type.
func askAbout(e *Emulator, tokenType, token string) *http.Response {
	c := machineCalls[tokenType]
	return call(e, "POST", c.path, withKey(e), withJSON(`{"`+c.parameter+`":"`+token+`"}`))
}

func TestVerifyMachineTokens(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	seconds, millis := float64(c.now().Unix()), float64(c.now().UnixMilli())
	for tokenType, want := range map[string]struct {
		id     string
		answer map[string]any
	}{
		typeAPIKey: {`^ak_[0-9a-f]{32}$`, map[string]any{
			"object": "api_key", "type": "api_key", "name": "Demo key", "subject": "user_alice", "scopes": []any{"read", "write"},
			"description": nil, "claims": nil, "revoked": false, "revocation_reason": nil, "expired": false, "expiration": millis + 3600_000,
			"created_by": nil, "last_used_at": nil, "created_at": millis, "updated_at": millis,
		}},
		typeM2M: {`^mt_[0-9a-f]{32}$`, map[string]any{
			"object": "machine_to_machine_token", "subject": "mch_demo", "scopes": []any{"mch_service"},
			"claims": nil, "revoked": false, "revocation_reason": nil, "expired": false, "expiration": millis + 3600_000,
			"last_used_at": nil, "created_at": millis, "updated_at": millis,
		}},
		typeOAuth: {`^oat_[0-9a-f]{32}$`, map[string]any{
			"object": "clerk_idp_oauth_access_token", "client_id": "client_demo", "subject": "user_alice", "scopes": []any{"profile", "email"},
			"revoked": false, "revocation_reason": nil, "expired": false, "expiration": seconds + 3600, "created_at": seconds, "updated_at": seconds,
		}},
	} {
		token := body(t, call(e, "GET", "/emulator/token?user=alice&type="+tokenType))
		for range 2 {
			response := askAbout(e, tokenType, token)
			text := body(t, response)
			if response.StatusCode != http.StatusOK || strings.Contains(text, token) {
				t.Fatalf("%s: status %d, body %s", tokenType, response.StatusCode, text)
			}
			got := decode(t, []byte(text))
			if id, _ := got["id"].(string); !regexp.MustCompile(want.id).MatchString(id) {
				t.Errorf("%s: id %v", tokenType, got["id"])
			}
			delete(got, "id")
			if !reflect.DeepEqual(got, want.answer) {
				t.Errorf("%s: got %v, want %v", tokenType, got, want.answer)
			}
		}
	}
}

func TestMachineTokensThatAreNotKnown(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	for tokenType := range machineCalls {
		token := body(t, call(e, "GET", "/emulator/token?user=alice&type="+tokenType))
		id, _ := decode(t, []byte(body(t, askAbout(e, tokenType, token))))["id"].(string)
		for other := range machineCalls {
			if status := askAbout(e, other, token).StatusCode; (status == http.StatusOK) != (other == tokenType) {
				t.Errorf("a token of type %s: status %d as %s", tokenType, status, other)
			}
		}
		for _, unknown := range []string{token + "A", token[:len(token)-1], strings.ToLower(token), id, "ak_", strings.Repeat("a", 1<<16)} {
			response := askAbout(e, tokenType, unknown)
			text := body(t, response)
			if response.StatusCode != http.StatusNotFound || !strings.HasPrefix(text, `{"errors":[{"code":"resource_not_found"`) || strings.Contains(text, unknown) {
				t.Errorf("%s: status %d for %.40q: %.200s", tokenType, response.StatusCode, unknown, text)
			}
		}
		c.advance(machineLifetime - 1)
		if status := askAbout(e, tokenType, token).StatusCode; status != http.StatusOK {
			t.Errorf("%s: status %d before an hour is over", tokenType, status)
		}
		c.advance(1)
		if status := askAbout(e, tokenType, token).StatusCode; status != http.StatusNotFound {
			t.Errorf("%s: status %d after an hour", tokenType, status)
		}
		c.advance(-machineLifetime)
	}
	if len(e.machines.tokens.entries) != 0 {
		t.Errorf("%d tokens are left", len(e.machines.tokens.entries))
	}
}

func TestMachineCallsRefused(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	token := body(t, call(e, "GET", "/emulator/token?type=m2m_token"))
	good := `{"token":"` + token + `"}`
	for name, c := range map[string]struct {
		status int
		key    string
		body   string
	}{
		"no key":         {401, "", good},
		"wrong key":      {401, "Bearer sk_test_other", good},
		"key in lower":   {401, "bearer " + e.SecretKey(), good},
		"no body":        {400, "Bearer " + e.SecretKey(), ""},
		"no JSON":        {400, "Bearer " + e.SecretKey(), "token=" + token},
		"null":           {400, "Bearer " + e.SecretKey(), "null"},
		"list":           {400, "Bearer " + e.SecretKey(), "[" + good + "]"},
		"number":         {400, "Bearer " + e.SecretKey(), `{"token":1}`},
		"empty":          {400, "Bearer " + e.SecretKey(), `{"token":""}`},
		"other member":   {400, "Bearer " + e.SecretKey(), `{"secret":"` + token + `"}`},
		"two members":    {400, "Bearer " + e.SecretKey(), `{"token":"` + token + `","secret":"a"}`},
		"more after it":  {400, "Bearer " + e.SecretKey(), good + good},
		"not all there":  {400, "Bearer " + e.SecretKey(), good[:len(good)-1]},
		"huge body":      {400, "Bearer " + e.SecretKey(), `{"token":"` + strings.Repeat("a", maxBody) + `"}`},
		"huge tail":      {400, "Bearer " + e.SecretKey(), good + strings.Repeat(" ", maxBody)},
		"many brackets":  {400, "Bearer " + e.SecretKey(), strings.Repeat("[", maxBody)},
		"good after all": {200, "Bearer " + e.SecretKey(), good},
	} {
		response := call(e, "POST", "/m2m_tokens/verify", withHeader("Authorization", c.key), withJSON(c.body))
		text := body(t, response)
		if response.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d", name, response.StatusCode, c.status)
		}
		if c.status != 200 && (!strings.HasPrefix(text, `{"errors":[{"code":"`) || strings.Contains(text, token)) {
			t.Errorf("%s: body %s", name, text)
		}
	}
}

func TestMachineStoreIsBounded(t *testing.T) {
	s := newMachineStore(maxMachineTokens)
	now := time.Unix(0, 0)
	first := s.newToken(apiKeys, "user_a", now)
	for range maxMachineTokens {
		s.newToken(oauthTokens, "user_a", now)
	}
	if len(s.tokens.entries) != maxMachineTokens {
		t.Errorf("%d tokens, want %d", len(s.tokens.entries), maxMachineTokens)
	}
	if _, found := s.find(apiKeys, first, now); found {
		t.Error("expected the token unused for longest to be forgotten")
	}
}
