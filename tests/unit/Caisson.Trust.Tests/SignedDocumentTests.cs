using System.Security.Cryptography;
using System.Text;
using CsCheck;

namespace Caisson.Trust.Tests;

public sealed class SignedDocumentTests : IDisposable
{
    private const string Type = "application/vnd.example.v1+json";
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Fact]
    public void What_was_signed_is_what_is_read_after_travelling_as_json()
    {
        var payload = """{"sequence": 7}"""u8.ToArray();
        var travelled = SignedDocument.Parse(SignedDocument.Sign(_key, Type, payload).ToJson());
        Assert.Equal(payload, travelled.Open(_key, Type));
    }

    [Fact]
    public void A_changed_bit_of_the_payload_or_the_signature_is_refused() =>
        Gen.Select(Gen.Byte.Array[1, 100], Gen.Int[0, 1 << 20], Gen.Bool).Sample(
            (payload, bit, inPayload) =>
            {
                var document = SignedDocument.Sign(_key, Type, payload);
                var target = inPayload ? (byte[])document.Payload.Clone() : (byte[])document.Signature.Clone();
                target[bit / 8 % target.Length] ^= (byte)(1 << (bit % 8));
                var altered = inPayload ? document with { Payload = target } : document with { Signature = target };
                Assert.Throws<TrustException>(() => altered.Open(_key, Type));
            },
            iter: 50);

    [Fact]
    public void A_document_of_another_type_is_refused_however_it_is_labelled()
    {
        var document = SignedDocument.Sign(_key, "application/vnd.other+json", [1, 2, 3]);
        Assert.Throws<TrustException>(() => document.Open(_key, Type));
        Assert.Throws<TrustException>(() => (document with { PayloadType = Type }).Open(_key, Type));
    }

    [Fact]
    public void A_part_of_the_type_cannot_be_moved_into_the_payload()
    {
        var document = SignedDocument.Sign(_key, "a b", Encoding.UTF8.GetBytes("c"));
        Assert.Throws<TrustException>(() => (document with { PayloadType = "a", Payload = Encoding.UTF8.GetBytes("b c") }).Open(_key, "a"));
    }

    [Fact]
    public void Another_key_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var document = SignedDocument.Sign(other, Type, [1]);
        Assert.Throws<TrustException>(() => document.Open(_key, Type));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"payloadType":"x","payload":"not base64!","signature":"AA=="}""")]
    [InlineData("""{"payloadType":"x","payload":"AA=="}""")]
    [InlineData("""{"payloadType":"x","payload":null,"signature":null}""")]
    public void What_is_not_a_signed_document_is_refused(string json) =>
        Assert.Throws<TrustException>(() => SignedDocument.Parse(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Any_bytes_are_parsed_or_refused() =>
        Gen.Byte.Array[0, 200].Sample(bytes =>
        {
            try
            {
                SignedDocument.Parse(bytes);
            }
            catch (TrustException)
            {
            }
        });

    [Fact]
    public void An_empty_or_short_signature_is_refused()
    {
        var document = SignedDocument.Sign(_key, Type, [1]);
        Assert.Throws<TrustException>(() => (document with { Signature = [] }).Open(_key, Type));
        Assert.Throws<TrustException>(() => (document with { Signature = document.Signature[..63] }).Open(_key, Type));
    }

    public void Dispose() => _key.Dispose();
}
