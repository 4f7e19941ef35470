using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using Caisson.Slots;

namespace Caisson.Endpoint.Appliance;

/// <summary>
/// Whether a kernel is signed by the key whose certificate lies in this (verified) system: what the firmware asks too, but asked before anything is
/// written, and also where Secure Boot is off.
/// </summary>
internal static class KernelSignature
{
    private const string Authenticode = "1.3.6.1.4.1.311.2.1.4";
    private const string Sha256 = "2.16.840.1.101.3.4.2.1";

    /// <exception cref="ReleaseException">It is not, or for other bytes.</exception>
    public static void Demand(UnifiedKernel kernel, X509Certificate2 signer)
    {
        var digest = kernel.Program.Digest();
        if (!kernel.Program.Signatures().Any(signature => IsGood(signature, digest, signer)))
        {
            throw new ReleaseException($"The kernel of version {kernel.Version} is not signed by this PC's key '{signer.Subject}', or was changed after it was signed.");
        }
    }

    private static bool IsGood(byte[] signature, byte[] digest, X509Certificate2 signer)
    {
        try
        {
            var message = new SignedCms();
            message.Decode(signature);
            message.CheckSignature([signer], verifySignatureOnly: true);
            return message.ContentInfo.ContentType.Value == Authenticode
                && message.SignerInfos is [{ Certificate: { } by }] && by.RawDataMemory.Span.SequenceEqual(signer.RawDataMemory.Span)
                && SignedDigest(message.ContentInfo.Content).AsSpan().SequenceEqual(digest);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return false;
        }
    }

    /// <summary>SpcIndirectDataContent: SEQUENCE { data, DigestInfo SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING } }.</summary>
    private static byte[] SignedDigest(byte[] content)
    {
        var outer = new AsnReader(content, AsnEncodingRules.DER).ReadSequence();
        outer.ReadEncodedValue();
        var info = outer.ReadSequence();
        var algorithm = info.ReadSequence().ReadObjectIdentifier();
        return algorithm == Sha256 ? info.ReadOctetString() : throw new AsnContentException($"Its digest is {algorithm}, not SHA-256.");
    }
}
