// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"encoding/json"
	"net/http"
)

// SMSMessagesService has the operation on SMS messages, which Clerk once sent to
// users for an application. It is the field SMSMessages of a Client.
type SMSMessagesService struct{ client *Client }

// CreateSMSMessageParams is what SMSMessages.Create is called with.
type CreateSMSMessageParams struct {
	PhoneNumberID string `json:"phone_number_id"`
	Message       string `json:"message"`
}

// SMSMessage is an SMS message that was sent to a user.
type SMSMessage struct {
	Object           string           `json:"object"`
	ID               string           `json:"id"`
	FromPhoneNumber  string           `json:"from_phone_number"`
	ToPhoneNumber    string           `json:"to_phone_number"`
	PhoneNumberID    Optional[string] `json:"phone_number_id,omitzero"`
	Message          string           `json:"message"`
	Status           string           `json:"status"`
	Data             json.RawMessage  `json:"data,omitzero"`
	DeliveredByClerk bool             `json:"delivered_by_clerk"`
}

// Create sends an SMS message to a user.
//
//	POST /sms_messages
//
// Deprecated: Clerk's description of the API has it no longer, and Clerk may
// answer with HTTP status 404. Send messages with a service of your own.
func (s *SMSMessagesService) Create(ctx context.Context, params CreateSMSMessageParams) (*SMSMessage, error) {
	return call[SMSMessage](ctx, s.client, &operation{method: http.MethodPost, path: "/sms_messages", params: params, hasBody: true})
}
