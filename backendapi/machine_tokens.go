// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// MachineToken is what API keys, M2M tokens and OAuth access tokens have in
// common. That Clerk knows a token does not yet make it good: see Revoked,
// Expired and Expiration.
type MachineToken struct {
	ID string
	// Subject is whom the token stands for: the ID of a user, an organization or
	// a machine.
	Subject string
	// Scopes are what the token is good for; an M2M token's are the machines that
	// it may be shown to.
	Scopes []string
	// Claims are what was attached to the token; nil when nothing was.
	Claims  json.RawMessage
	Revoked bool
	Expired bool
	// Expiration is when the token expires, nil for never.
	Expiration *time.Time
}

// machineTokenAnswer is a MachineToken as Clerk writes it.
type machineTokenAnswer struct {
	ID         string          `json:"id"`
	Subject    string          `json:"subject"`
	Scopes     texts           `json:"scopes"`
	Claims     json.RawMessage `json:"claims"`
	Revoked    *bool           `json:"revoked"`
	Expired    *bool           `json:"expired"`
	Expiration *Time           `json:"expiration"`
}

// check demands what must not be taken for granted when it is absent.
func (a *machineTokenAnswer) check() error {
	if a.ID == "" || a.Subject == "" || a.Revoked == nil || a.Expired == nil {
		return fmt.Errorf("%w (with id, subject, revoked and expired)", ErrNotJSON)
	}
	return nil
}

// token is for an answer that passed its check.
func (a *machineTokenAnswer) token() MachineToken {
	t := MachineToken{
		ID:      a.ID,
		Subject: a.Subject,
		Scopes:  a.Scopes,
		Revoked: *a.Revoked,
		Expired: *a.Expired,
	}
	if a.Expiration != nil {
		t.Expiration = &a.Expiration.Time
	}
	if string(a.Claims) != "null" {
		t.Claims = a.Claims
	}
	return t
}

// verify asks what a token is, by the name that its path has for it. These
// paths have no version: Clerk's SDK asks without it, and so does the
// documentation, although the published description of the API has it.
func (c *Client) verify(ctx context.Context, key, path, name, token string, result interface{ check() error }) error {
	r := &request{key: key, base: c.unversioned, path: path, hidden: secrets{token}}
	if err := c.post(ctx, r, map[string]string{name: token}, result); err != nil {
		return err
	}
	if err := result.check(); err != nil {
		return fmt.Errorf("reading Clerk's answer for %s: %w", path, err)
	}
	return nil
}
