CREATE TABLE consent_head (
    single smallint NOT NULL,
    ledger_id text NOT NULL,
    number bigint NOT NULL,
    hash bytea NOT NULL,
    anchor_number bigint NOT NULL,
    anchor_hash bytea NOT NULL,
    "time" bigint NOT NULL,
    seal bytea NOT NULL,
    CONSTRAINT consent_head_single_check CHECK ((single = 1))
);
CREATE TABLE consent_migration (
    number integer NOT NULL,
    "time" bigint
);
CREATE TABLE consent_record (
    number bigint NOT NULL,
    record_id text,
    subject_id text,
    event text,
    "time" bigint,
    body text,
    salt bytea,
    commitment bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE consent_shown (
    hash text NOT NULL,
    language text NOT NULL,
    document text NOT NULL,
    "time" bigint NOT NULL
);
INSERT INTO consent_head VALUES (1, 'NKt6kss6n-wwGXqF', 6, '\x006d402a7ae4ad1eb7d066e810571fd65848402ca35f31ffe61ae16fa6b59205', 0, '\x0000000000000000000000000000000000000000000000000000000000000000', 1795785688521, '\x56b050618cd640ce50f127ab09be5c96a349606ccb2684d8bf0dc33cbf22821f4baaff1e759844f94f40e07cc37c8ee8cccd1e7da267132e923148a808e7bf04');
INSERT INTO consent_migration VALUES (1, 1795785688);
INSERT INTO consent_record VALUES (1, 'jJ-BP8RymaM7js7LzRToaQ', 'JxP0C0CZ5qLw8m1TnQ7d3A', 'given', 1790000000000, '{"after":["statistics"],"event":"given","language":"en","method":"banner","record":"jJ-BP8RymaM7js7LzRToaQ","revision":3,"rule":"opt-in","shown":"6adbbb444db4e92c2000bec0477ff45d423fc5b1a2dd3539041eba9a444177a3","software":"asgi-consent/0.1.0","status":"given","subject":"JxP0C0CZ5qLw8m1TnQ7d3A","time":1790000000000}', '\x0b26ba0683724f7effea8d688477a6d096f161f4f6069d1b39b502d69ff53d8a', '\x6d5757312fb98f78391521281e2bf46192ce2dfbe69df8b2aa76920982d0f744', '\xc7579b6b1c4f669188b7e7aca85d904250897f8c6463693070e9de3d1b06c98b');
INSERT INTO consent_record VALUES (2, 'ONPyr3eiowGWzyU9CNAn5w', 'JxP0C0CZ5qLw8m1TnQ7d3A', 'changed', 1790000000000, '{"after":["statistics"],"event":"changed","language":"en","method":"banner","record":"ONPyr3eiowGWzyU9CNAn5w","revision":3,"rule":"opt-in","shown":"6adbbb444db4e92c2000bec0477ff45d423fc5b1a2dd3539041eba9a444177a3","software":"asgi-consent/0.1.0","status":"given","subject":"JxP0C0CZ5qLw8m1TnQ7d3A","time":1790000000000}', '\xed486a84f294cea059b846c1263c2a4c87153ae26cc3c2748ce6cc338398da48', '\x1db5cf1000a6402020701f6d66660af99e9968ea3a506cca8436613aadba10e3', '\xa0cd26cdb1f50c06f9a617cc3b349dbdd7433dcdaf3c90f4c7fdfa7978e707db');
INSERT INTO consent_record VALUES (3, '7lO1k8m-oa-dNdVoXcpj7g', 'JxP0C0CZ5qLw8m1TnQ7d3A', 'withdrawn', 1790000000000, '{"after":["statistics"],"event":"withdrawn","language":"en","method":"banner","record":"7lO1k8m-oa-dNdVoXcpj7g","revision":3,"rule":"opt-in","shown":"6adbbb444db4e92c2000bec0477ff45d423fc5b1a2dd3539041eba9a444177a3","software":"asgi-consent/0.1.0","status":"given","subject":"JxP0C0CZ5qLw8m1TnQ7d3A","time":1790000000000}', '\xa948eba9d6239c43982559bd01ade4a124459b6f2785ee1bad53ef000123b806', '\xb8e892394178beca6c01c4bcf435311249cb91d614d5178d32de8892c0fe2f52', '\x56f0854b32210f1325ff9ef62ae0b14c82d239fbbd1d208ddac9918889098eb7');
INSERT INTO consent_record VALUES (4, 'WhxOvvUEL7q-M7kKoTEBNw', 'zTEh8HzigLkcURiNzUp-9w', 'refused', 1790000000000, '{"event":"refused","language":"en","method":"banner","record":"WhxOvvUEL7q-M7kKoTEBNw","revision":3,"rule":"opt-in","software":"asgi-consent/0.1.0","status":"refused","subject":"zTEh8HzigLkcURiNzUp-9w","time":1790000000000}', '\xc483cfb1425e0f2f58647d0a4b5e446cdb09613b58a00931b044a84e29e8bc4a', '\xc9a909240aecfe49d668c2b053ec16e10d99e6f001f9bb40c8665df5596a13af', '\xa09ed2d3591978f228efe4386f1d98f46ecebf83c79a2e4106877fcbcd00a0fa');
INSERT INTO consent_record VALUES (5, NULL, NULL, NULL, NULL, NULL, NULL, '\xb86e8eabb03212c42e99f5d7fe5955432a8fa4db9374c53dfe1e123362efcd4c', '\x11fb15c2f46358fae0e81bf5c01605808d6a09488b52d5c1e070ef5923acecdf');
INSERT INTO consent_record VALUES (6, 'R6pOFU8S224LfbpP8cGNdQ', NULL, 'erased', 1795785688521, '{"event":"erased","method":"none","numbers":[5],"record":"R6pOFU8S224LfbpP8cGNdQ","status":"unknown","time":1795785688521}', '\x32701e0d152f97d8f69e8d99172f93ffa5b2b71fcffc4155b0bbd399676054cf', '\x0deb608cd3c21fe3236e50077c1fcd2235e3ca72821bf153df58b53b5d11e486', '\x006d402a7ae4ad1eb7d066e810571fd65848402ca35f31ffe61ae16fa6b59205');
INSERT INTO consent_shown VALUES ('6adbbb444db4e92c2000bec0477ff45d423fc5b1a2dd3539041eba9a444177a3', 'en', '<p>May we?</p>', 1795785688517);
ALTER TABLE ONLY consent_head
    ADD CONSTRAINT consent_head_pkey PRIMARY KEY (single);
ALTER TABLE ONLY consent_migration
    ADD CONSTRAINT consent_migration_pkey PRIMARY KEY (number);
ALTER TABLE ONLY consent_record
    ADD CONSTRAINT consent_record_pkey PRIMARY KEY (number);
ALTER TABLE ONLY consent_record
    ADD CONSTRAINT consent_record_record_id_key UNIQUE (record_id);
ALTER TABLE ONLY consent_shown
    ADD CONSTRAINT consent_shown_pkey PRIMARY KEY (hash);
CREATE INDEX consent_record_subject ON consent_record USING btree (subject_id) WHERE (subject_id IS NOT NULL);
CREATE INDEX consent_record_time ON consent_record USING btree ("time") WHERE ("time" IS NOT NULL);
