using System.Security.Cryptography;
using Caisson.Trust;

namespace Caisson.ControlPlane.Certificates;

/// <summary>Signs what endpoints act on: desired state and renewals. Endpoints pin this key at enrolment.</summary>
internal sealed class DesiredStateSigner : IDisposable
{
    private readonly ECDsa _key;

    // ECDsa promises nothing about concurrent use of one instance.
    private readonly Lock _gate = new();

    private DesiredStateSigner(ECDsa key)
    {
        _key = key;
        PublicKey = key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public byte[] PublicKey { get; }

    public static void Create(DataFolder folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DataFolder.WritePrivate(folder.DesiredStateKey, System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
    }

    public static DesiredStateSigner Open(DataFolder folder)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(folder.DesiredStateKey));
        return new DesiredStateSigner(key);
    }

    public SignedDocument Sign(string payloadType, byte[] payload)
    {
        lock (_gate)
        {
            return SignedDocument.Sign(_key, payloadType, payload);
        }
    }

    public void Dispose() => _key.Dispose();
}
