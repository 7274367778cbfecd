package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"unicode/utf8"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	version = "4.21.2"
	served  = "random:index/randomPassword:RandomPassword"
	// What stands on the wire for a value that is known only after `up`.
	unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	// Beside these a value is encrypted in state and output.
	signatureKey, secretSignature = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
)

// What is not served answers UNIMPLEMENTED by itself. Secrets are not accepted: the engine marks again what it hands over plain.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
}

func (provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

func (provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":"random","version":%q}`, version)}, nil
}

func (provider) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{}, nil
}

func (provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (provider) Check(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if err := requireServed(request.GetUrn()); err != nil {
		return nil, err
	}
	completed := complete(request.GetNews().AsMap())
	inputs, err := structpb.NewStruct(completed)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.CheckResponse{Inputs: inputs}
	if strings.Contains(inputs.String(), unknown) {
		return response, nil
	}
	_, err = recipeOf(completed)
	var failure Failure
	if errors.As(err, &failure) {
		response.Failures = []*pulumirpc.CheckFailure{{Property: failure.Property, Reason: failure.Reason}}
		return response, nil
	}
	return response, err
}

func (provider) Diff(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	replaces := changed(request.GetOlds().AsMap(), request.GetNews().AsMap())
	changes := pulumirpc.DiffResponse_DIFF_NONE
	if len(replaces) > 0 {
		changes = pulumirpc.DiffResponse_DIFF_SOME
	}
	return &pulumirpc.DiffResponse{Changes: changes, Replaces: replaces}, nil
}

func (provider) Create(_ context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if err := requireServed(request.GetUrn()); err != nil {
		return nil, err
	}
	inputs := complete(request.GetProperties().AsMap())
	recipe, err := recipeOf(inputs)
	if err != nil {
		return nil, err
	}
	outputs, err := outputsOf(inputs, password(recipe, below))
	return &pulumirpc.CreateResponse{Id: "none", Properties: outputs}, err
}

// Nothing outside the state remembers a password. An import names the password itself as the id.
func (provider) Read(_ context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	state := request.GetProperties().AsMap()
	result, remembered := state["result"].(string)
	if !remembered {
		result = request.GetId()
		state["length"] = float64(utf8.RuneCountInString(result))
	}
	delete(state, "result")
	known := complete(state)
	outputs, err := outputsOf(known, result)
	if err != nil {
		return nil, err
	}
	inputs, err := structpb.NewStruct(known)
	return &pulumirpc.ReadResponse{Id: "none", Properties: outputs, Inputs: inputs}, err
}

func (provider) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func requireServed(urn string) error {
	if strings.Contains(urn, served+"::") {
		return nil
	}
	return fmt.Errorf("the sandbox's stand-in for the random provider has no such resource: %s", urn)
}

func outputsOf(inputs Values, result string) (*structpb.Struct, error) {
	outputs := maps.Clone(inputs)
	outputs["result"] = Values{signatureKey: secretSignature, "value": result}
	return structpb.NewStruct(outputs)
}

func below(n int) int {
	number, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // it never fails on Linux
	}
	return int(number.Int64())
}
