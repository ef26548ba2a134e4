// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"encoding/json"
	"net/http"
)

// EmailsService has the operation on emails, which Clerk once sent to users for an
// application. It is the field Emails of a Client.
type EmailsService struct{ client *Client }

// CreateEmailParams is what Emails.Create is called with.
type CreateEmailParams struct {
	// FromEmailName is what stands before the @ of the sender's address.
	FromEmailName  string `json:"from_email_name"`
	EmailAddressID string `json:"email_address_id"`
	Subject        string `json:"subject"`
	Body           string `json:"body"`
}

// Email is an email that was sent to a user.
type Email struct {
	Object           string           `json:"object"`
	ID               string           `json:"id"`
	FromEmailName    string           `json:"from_email_name"`
	ToEmailAddress   Optional[string] `json:"to_email_address,omitzero"`
	EmailAddressID   Optional[string] `json:"email_address_id,omitzero"`
	Subject          string           `json:"subject"`
	Body             string           `json:"body"`
	Status           string           `json:"status"`
	Data             json.RawMessage  `json:"data,omitzero"`
	DeliveredByClerk bool             `json:"delivered_by_clerk"`
}

// Create sends an email to a user.
//
//	POST /emails
//
// Deprecated: Clerk's description of the API has it no longer, and Clerk may
// answer with HTTP status 404. Send emails with a service of your own.
func (s *EmailsService) Create(ctx context.Context, params CreateEmailParams) (*Email, error) {
	return call[Email](ctx, s.client, &operation{method: http.MethodPost, path: "/emails", params: params, hasBody: true})
}
