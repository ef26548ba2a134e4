// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// newClient gives a client of an emulator's Backend API.
func newClient(t *testing.T, e *emulator.Emulator, secretKey string) *backendapi.Client {
	t.Helper()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	client, err := backendapi.New(backendapi.Options{SecretKey: secretKey, APIURL: server.URL + emulator.DefaultMount})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func newEmulator(t *testing.T) *emulator.Emulator {
	t.Helper()
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestUsersAreListedByPages(t *testing.T) {
	e := newEmulator(t)
	client := newClient(t, e, e.SecretKey())
	for limit := 1; limit <= 5; limit++ {
		var ids []string
		for user, err := range client.Users.All(t.Context(), backendapi.ListUsersParams{Limit: backendapi.Some(limit)}) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, user.ID)
		}
		if want := []string{"user_alice", "user_bob", "user_carol", "user_dave"}; !slices.Equal(ids, want) {
			t.Errorf("pages of %d: expected %v, got %v", limit, want, ids)
		}
	}
	for name, params := range map[string]backendapi.ListUsersParams{
		"user_carol": {EmailAddress: []string{"carol@example.com", "nobody@example.com"}},
		"user_bob":   {UserID: []string{"user_bob"}, Query: backendapi.Some("BAKER")},
	} {
		page, err := client.Users.List(t.Context(), params)
		if err != nil || len(page.Data) != 1 || page.Data[0].ID != name {
			t.Errorf("expected %s, got %v (%v)", name, page, err)
		}
	}
	count, err := client.Users.Count(t.Context(), backendapi.CountUsersParams{Query: backendapi.Some("example.com")})
	if err != nil || count.TotalCount != 4 {
		t.Errorf("expected 4 users, got %v (%v)", count, err)
	}
}

func TestMembershipsAreThoseOfTheOrganization(t *testing.T) {
	e := newEmulator(t)
	client := newClient(t, e, e.SecretKey())
	var roles []string
	for membership, err := range client.OrganizationMemberships.All(t.Context(), "org_acme", backendapi.ListOrganizationMembershipsParams{Limit: backendapi.Some(2)}) {
		if err != nil {
			t.Fatal(err)
		}
		roles = append(roles, membership.Role+" "+membership.PublicUserData.Or(backendapi.OrganizationMembershipPublicUserData{}).UserID)
	}
	if want := []string{"org:admin user_alice", "org:member user_bob", "org:member user_dave"}; !slices.Equal(roles, want) {
		t.Errorf("expected %v, got %v", want, roles)
	}
	page, err := client.Users.ListOrganizationMemberships(t.Context(), "user_carol", backendapi.ListUserOrganizationMembershipsParams{})
	if err != nil || len(page.Data) != 0 {
		t.Errorf("expected nothing, got %v (%v)", page, err)
	}
	for _, id := range []string{"org_acme", "acme"} {
		if organization, err := client.Organizations.Get(t.Context(), id, backendapi.GetOrganizationParams{}); err != nil || organization.Name != "Acme" {
			t.Errorf("%s: got %v (%v)", id, organization, err)
		}
	}
}

// What the gate asks Clerk for is here, too.
func TestTheGatesCallsAreAnswered(t *testing.T) {
	e := newEmulator(t)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	client, err := backendapi.New(backendapi.Options{SecretKey: e.SecretKey(), APIURL: server.URL + emulator.DefaultMount})
	if err != nil {
		t.Fatal(err)
	}
	token := func(query string) string {
		response, err := server.Client().Get(server.URL + emulator.DefaultMount + "/emulator/token?" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v", query, response.StatusCode, err)
		}
		return strings.TrimSpace(string(text))
	}
	if keys, err := client.JWKS.Get(t.Context()); err != nil || !strings.Contains(string(keys.Body), e.KeyID()) {
		t.Errorf("the key set: got %v", err)
	}
	if key, err := client.APIKeys.Verify(t.Context(), token("user=alice&type=api_key")); err != nil || key.Subject != "user_alice" {
		t.Errorf("an API key: got %v (%v)", key, err)
	}
	if access, err := client.OAuthAccessTokens.Verify(t.Context(), token("user=bob&type=oauth_token")); err != nil || access.Subject != "user_bob" {
		t.Errorf("an OAuth token: got %v (%v)", access, err)
	}
	if m2m, err := client.M2MTokens.Verify(t.Context(), token("type=m2m_token")); err != nil || m2m.Subject != "mch_demo" {
		t.Errorf("an M2M token: got %v (%v)", m2m, err)
	}
	if err := client.Sessions.End(t.Context(), sessionOf(t, token("user=alice"))); err != nil {
		t.Errorf("ending a session: %v", err)
	}
	if _, err := client.Clients.HandshakePayload(t.Context(), "unknown"); !errors.Is(err, backendapi.ErrNotFound) {
		t.Errorf("a nonce: expected it not to be found, got %v", err)
	}
	_, err = client.Sessions.Refresh(t.Context(), "sess_none", backendapi.RefreshSessionParams{
		ExpiredToken: "a.b.c", RefreshToken: "none", RequestOrigin: "https://app.example.com",
	})
	if answer, ok := errors.AsType[*backendapi.Error](err); !ok || answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a refresh: expected status 401, got %v", err)
	}
}

// sessionOf reads a session token's sid.
func sessionOf(t *testing.T, token string) string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		SessionID string `json:"sid"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.SessionID
}

func TestResourcesNeedTheSecretKey(t *testing.T) {
	e := newEmulator(t)
	client := newClient(t, e, "sk_test_another")
	_, list := client.Users.List(t.Context(), backendapi.ListUsersParams{})
	_, count := client.Users.Count(t.Context(), backendapi.CountUsersParams{})
	_, get := client.Users.Get(t.Context(), "user_alice")
	_, memberships := client.Users.ListOrganizationMemberships(t.Context(), "user_alice", backendapi.ListUserOrganizationMembershipsParams{})
	_, organizations := client.Organizations.List(t.Context(), backendapi.ListOrganizationsParams{})
	_, organization := client.Organizations.Get(t.Context(), "org_acme", backendapi.GetOrganizationParams{})
	_, members := client.OrganizationMemberships.List(t.Context(), "org_acme", backendapi.ListOrganizationMembershipsParams{})
	for i, err := range []error{list, count, get, memberships, organizations, organization, members} {
		if !errors.Is(err, backendapi.ErrUnauthorized) {
			t.Errorf("call %d: expected it to be refused, got %v", i, err)
		}
	}
}

func TestResourcesThatAreNotThere(t *testing.T) {
	e := newEmulator(t)
	client := newClient(t, e, e.SecretKey())
	_, user := client.Users.Get(t.Context(), "user_nobody")
	_, organization := client.Organizations.Get(t.Context(), "{id}", backendapi.GetOrganizationParams{})
	_, members := client.OrganizationMemberships.List(t.Context(), "org_other", backendapi.ListOrganizationMembershipsParams{})
	for i, err := range []error{user, organization, members} {
		if !errors.Is(err, backendapi.ErrNotFound) {
			t.Errorf("call %d: expected it not to be found, got %v", i, err)
		}
	}
	for _, params := range []backendapi.ListUsersParams{
		{Limit: backendapi.Some(0)}, {Limit: backendapi.Some(501)}, {Offset: backendapi.Some(-1)},
	} {
		_, err := client.Users.List(t.Context(), params)
		if answer, ok := errors.AsType[*backendapi.Error](err); !ok || answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%v: expected status 422, got %v", params, err)
		}
	}
}

// The emulator stands for Clerk's Backend API, too.
func Example_backendAPI() {
	clerk, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(clerk)
	defer server.Close()
	client, err := backendapi.New(backendapi.Options{SecretKey: clerk.SecretKey(), APIURL: server.URL + emulator.DefaultMount})
	if err != nil {
		log.Fatal(err)
	}
	user, err := client.Users.Get(context.Background(), "user_alice")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.FirstName.Or("somebody"), user.EmailAddresses[0].EmailAddress)
	// Output: Alice alice@example.com
}
