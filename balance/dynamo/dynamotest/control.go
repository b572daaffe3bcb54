package dynamotest

type createTableInput struct {
	TableName                 string
	BillingMode               string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	DeletionProtectionEnabled bool
	SSESpecification          *sseSpecification `json:",omitempty"`
}

type attributeDefinition struct{ AttributeName, AttributeType string }

type keyElement struct{ AttributeName, KeyType string }

type sseSpecification struct {
	Enabled        bool
	SSEType        string
	KMSMasterKeyID string `json:"KMSMasterKeyId"`
}

type tableDescription struct {
	TableName                 string
	TableStatus               string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	BillingModeSummary        *billingMode    `json:",omitempty"`
	SSEDescription            *sseDescription `json:",omitempty"`
	DeletionProtectionEnabled bool
}

type billingMode struct{ BillingMode string }

type sseDescription struct {
	Status, SSEType string
	KMSMasterKeyArn string
}

// Shape is what a table was made as.
type Shape struct {
	AttributeDefinitions, KeySchema [][2]string // name and type
	BillingMode, KMSKey             string
	Backups, DeletionProtection     bool
}

// Table says what a table was made as; the zero Shape when it is not there.
func (s *Server) Table(name string) Shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[name]
	if t == nil {
		return Shape{}
	}
	shape := Shape{BillingMode: t.shape.BillingMode, Backups: t.backups, DeletionProtection: t.shape.DeletionProtectionEnabled}
	for _, a := range t.shape.AttributeDefinitions {
		shape.AttributeDefinitions = append(shape.AttributeDefinitions, [2]string{a.AttributeName, a.AttributeType})
	}
	for _, k := range t.shape.KeySchema {
		shape.KeySchema = append(shape.KeySchema, [2]string{k.AttributeName, k.KeyType})
	}
	if t.shape.SSESpecification != nil {
		shape.KMSKey = t.shape.SSESpecification.KMSMasterKeyID
	}
	return shape
}

// SetMaking has a table not be ready before its description was asked for so often.
func (s *Server) SetMaking(name string, asked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making[name] = asked
}

func (s *Server) createTable(in *createTableInput) (*struct{ TableDescription tableDescription }, *failure) {
	if s.tables[in.TableName] != nil {
		return nil, &failure{code: "ResourceInUseException", Message: "Table already exists: " + in.TableName}
	}
	t := &table{name: in.TableName, shape: *in, items: map[string][]item{}, sks: map[string][]uint64{}}
	s.tables[in.TableName] = t
	answer := &struct{ TableDescription tableDescription }{t.describe()}
	answer.TableDescription.TableStatus = "CREATING"
	return answer, nil
}

func (t *table) describe() tableDescription {
	d := tableDescription{
		TableName: t.name, TableStatus: "ACTIVE",
		AttributeDefinitions: t.shape.AttributeDefinitions, KeySchema: t.shape.KeySchema,
		DeletionProtectionEnabled: t.shape.DeletionProtectionEnabled,
	}
	if t.shape.BillingMode == "PAY_PER_REQUEST" {
		d.BillingModeSummary = &billingMode{t.shape.BillingMode}
	}
	if sse := t.shape.SSESpecification; sse != nil {
		d.SSEDescription = &sseDescription{"ENABLED", sse.SSEType, "arn:aws:kms:::key/" + sse.KMSMasterKeyID}
	}
	return d
}

type named struct{ TableName string }

func (s *Server) deleteTable(in *named) (*struct{}, *failure) {
	if _, refusal := s.table(in.TableName); refusal != nil {
		return nil, refusal
	}
	delete(s.tables, in.TableName)
	return &struct{}{}, nil
}

func (s *Server) describeTable(in *named) (*struct{ Table tableDescription }, *failure) {
	t := s.tables[in.TableName]
	if t == nil {
		return nil, missing(in.TableName)
	}
	d := t.describe()
	if s.making[in.TableName] > 0 {
		s.making[in.TableName]--
		d.TableStatus = "CREATING"
	}
	return &struct{ Table tableDescription }{d}, nil
}

type backupsInput struct {
	TableName                        string
	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
}

type backupsOutput struct {
	ContinuousBackupsDescription backupsDescription
}

type backupsDescription struct {
	ContinuousBackupsStatus        string
	PointInTimeRecoveryDescription struct{ PointInTimeRecoveryStatus string }
}

func (s *Server) updateContinuousBackups(in *backupsInput) (*backupsOutput, *failure) {
	t, refusal := s.table(in.TableName)
	if refusal != nil {
		return nil, refusal
	}
	t.backups = in.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled
	return t.describeBackups(), nil
}

func (s *Server) describeContinuousBackups(in *named) (*backupsOutput, *failure) {
	t, refusal := s.table(in.TableName)
	if refusal != nil {
		return nil, refusal
	}
	return t.describeBackups(), nil
}

func (t *table) describeBackups() *backupsOutput {
	out := &backupsOutput{}
	out.ContinuousBackupsDescription.ContinuousBackupsStatus = "ENABLED"
	status := "DISABLED"
	if t.backups {
		status = "ENABLED"
	}
	out.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus = status
	return out
}

// SetTimeToLive turns deletion by age on or off, which a ledger's table must not have.
func (s *Server) SetTimeToLive(name string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[name]; t != nil {
		t.ttl = on
	}
}

type timeToLiveOutput struct {
	TimeToLiveDescription struct{ TimeToLiveStatus string }
}

func (s *Server) describeTimeToLive(in *named) (*timeToLiveOutput, *failure) {
	t, refusal := s.table(in.TableName)
	if refusal != nil {
		return nil, refusal
	}
	out := &timeToLiveOutput{}
	out.TimeToLiveDescription.TimeToLiveStatus = "DISABLED"
	if t.ttl {
		out.TimeToLiveDescription.TimeToLiveStatus = "ENABLED"
	}
	return out, nil
}
